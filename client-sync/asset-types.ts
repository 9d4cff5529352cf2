/** What bytes belong to: they are stored beside it, for those who may see it. */
export interface AssetOwner {
  flowId?: string;
  executionId?: string;
}

/** Thumbnails and other large things beside documents: sent like documents, and fetched only when they are needed. */
export interface AssetsApi {
  /**
   * Keeps bytes and resolves to their name, `asset:<sha256>`, for a document to hold. Without an owner they are the
   * user's own. Rejects with `read_only` where the user only reads.
   */
  put: (blob: Blob, owner?: AssetOwner) => Promise<string>;
  /** The bytes: of this device, else of the server; null where neither has them. The owner tells where to look first. */
  get: (id: string, owner?: AssetOwner) => Promise<Blob | null>;
}
