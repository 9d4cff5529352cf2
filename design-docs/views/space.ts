import { view, type View } from './view.ts';

const liveFlow = "if (doc.type !== 'flow' || doc.deleted === true) return;";

/** What a list shows and a search looks through: the flow without its graph, and the labels of its nodes. */
const summary = `
if (doc.type !== 'flow') return;
var nodes = doc.flow && Array.isArray(doc.flow.nodes) ? doc.flow.nodes : [];
var edges = doc.flow && Array.isArray(doc.flow.edges) ? doc.flow.edges : [];
var labels = [];
for (var node of nodes) {
  var label = node && node.data && node.data.label;
  if (typeof label === 'string' && label !== '' && labels.length < 50) labels.push(label.slice(0, 80));
}
var value = {
  name: doc.name,
  nodeCount: nodes.length,
  edgeCount: edges.length,
  labels: labels,
  rev: doc._rev
};
for (var field of ['tags', 'category', 'status', 'visibility', 'version', 'createdAt', 'updatedAt', 'isFavorite', 'isTemplate', 'pinLevel', 'author', 'deleted', 'deletedAt']) {
  if (doc[field] !== undefined) value[field] = doc[field];
}
if (typeof doc.description === 'string') value.description = doc.description.slice(0, 1000);
emit(doc.updatedAt, value);
`;

/** Views of a space. Analytics leave out what was deleted softly; lists mark it. A flow without a status is a draft. */
export const spaceViews: Record<string, View> = {
  flow_summaries: view(summary, '_count'),
  flows_by_status: view(`${liveFlow}\nemit(doc.status || 'draft', null);`, '_count'),
  flows_by_category: view(
    `${liveFlow}\nif (typeof doc.category === 'string' && doc.category !== '') emit(doc.category, null);`,
    '_count',
  ),
  flows_by_tag: view(
    `${liveFlow}
    if (!Array.isArray(doc.tags)) return;
    doc.tags.forEach(function (tag, index) {
      if (doc.tags.indexOf(tag) === index) emit(tag, null);
    });`,
    '_count',
  ),
  flows_by_created_day: view(
    `${liveFlow}\nif (typeof doc.createdAt === 'string') emit(doc.createdAt.slice(0, 10), null);`,
    '_count',
  ),
  flows_by_updated_day: view(
    `${liveFlow}\nif (typeof doc.updatedAt === 'string') emit(doc.updatedAt.slice(0, 10), null);`,
    '_count',
  ),
  node_count: view(
    `${liveFlow}\nif (doc.flow && Array.isArray(doc.flow.nodes)) emit(null, doc.flow.nodes.length);`,
    '_stats',
  ),
  versions_by_flow: view(
    `if (doc.type !== 'version' || !doc.snapshot) return;
    var snapshot = doc.snapshot;
    var nodes = snapshot.flow && Array.isArray(snapshot.flow.nodes) ? snapshot.flow.nodes.length : 0;
    emit([doc.flowId, snapshot.updatedAt], {
      name: snapshot.name,
      version: snapshot.version,
      updatedAt: snapshot.updatedAt,
      nodeCount: nodes
    });`,
    '_count',
  ),
};
