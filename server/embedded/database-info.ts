import type { Database } from './database.ts';

/** What `GET /db` tells; deleted documents are not counted. */
export async function databaseInfo(database: Database): Promise<object> {
  const { doc_count: count, update_seq: sequence } = await database.use((handle) => handle.info());
  const bytes = await database.size();
  return {
    db_name: database.name,
    doc_count: count,
    doc_del_count: 0,
    update_seq: sequence,
    purge_seq: 0,
    compact_running: false,
    sizes: { file: bytes, external: bytes, active: bytes },
    instance_start_time: '0',
    disk_format_version: 8,
    cluster: { q: 1, n: 1, w: 1, r: 1 },
    props: {},
  };
}
