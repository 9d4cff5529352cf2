/** Stands in for the types of PouchDB's packages (see `paths` in tsconfig.json); `open-pouch.ts` gives them ours. */
declare const value: unknown;
export default value;
