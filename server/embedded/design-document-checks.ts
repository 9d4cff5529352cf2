import { CouchError } from './couch-error.ts';
import { DesignFunctionError, modulesOf, type DesignFunctions } from './design-functions.ts';
import { isObject, type IncomingDocument } from './document-checks.ts';

const invalid = (reason: string): CouchError => new CouchError(400, 'invalid_design_doc', reason);

function checkViews(views: unknown): string[] {
  if (views === undefined) return [];
  if (!isObject(views)) throw invalid('`views` field must be an object');
  const sources: string[] = [];
  for (const [name, view] of Object.entries(views)) {
    if (name === 'lib') continue;
    if (!isObject(view)) throw invalid(`view ${name} must be an object`);
    if (view.map !== undefined && typeof view.map !== 'string')
      throw invalid(`map of ${name} must be a string`);
    if (view.reduce !== undefined && typeof view.reduce !== 'string')
      throw invalid(`reduce of ${name} must be a string`);
    if (view.map !== undefined) sources.push(view.map);
    if (typeof view.reduce === 'string' && !view.reduce.trim().startsWith('_')) sources.push(view.reduce);
  }
  return sources;
}

/** Refuses a design document whose functions do not compile, so that it cannot block every later write. */
export function checkDesignDocument(document: IncomingDocument, functions: DesignFunctions): void {
  // Mango's indexes are design documents too, with objects in the place of functions.
  if (document._deleted || document.language === 'query') return;
  const sources = checkViews(document.views);
  const validator = document.validate_doc_update;
  if (validator !== undefined && typeof validator !== 'string') {
    throw invalid('`validate_doc_update` must be a string');
  }
  if (validator !== undefined) sources.push(validator);
  const modules = modulesOf(document);
  for (const source of sources) {
    try {
      functions.get(source, modules);
    } catch (error) {
      if (error instanceof DesignFunctionError) throw new CouchError(400, 'compilation_error', error.message);
      throw error;
    }
  }
}
