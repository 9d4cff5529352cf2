import { layOut } from '../source-text.ts';

/** Only the reduces that CouchDB computes itself: they run in Erlang and never leave it. */
export type Reduce = '_count' | '_sum' | '_stats';

export interface View {
  map: string;
  reduce?: Reduce;
}

/** A view from the statements of its map function; `doc` is the document. */
export function view(statements: string, reduce?: Reduce): View {
  const map = layOut(['function (doc) {', statements, '}']);
  return reduce === undefined ? { map } : { map, reduce };
}
