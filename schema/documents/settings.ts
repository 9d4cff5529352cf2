import { z } from 'zod';
import { engineFields, schemaVersionSchema, timeSchema } from './parts.ts';

export const conflictRules = ['merge', 'last-write-wins', 'ask'] as const;

/** How the user wants to sync: how often, over which networks, and what happens to conflicts of each document type. */
export const syncSettingsSchema = z
  .looseObject({
    frequency: z.enum(['live', 'interval', 'manual']).optional(),
    intervalSeconds: z.int().min(1).max(86_400).optional(),
    network: z.enum(['any', 'unmetered']).optional(),
    conflicts: z.record(z.string(), z.enum(conflictRules)).optional(),
  })
  .meta({ id: 'SyncSettings' });
export type SyncSettings = z.infer<typeof syncSettingsSchema>;

/** `settings`: one a user, in the personal space. */
export const settingsDocumentSchema = z
  .looseObject({
    _id: z.literal('settings'),
    ...engineFields,
    type: z.literal('settings'),
    schemaVersion: schemaVersionSchema,
    updatedAt: timeSchema,
    sync: syncSettingsSchema.optional(),
  })
  .meta({ id: 'SettingsDocument' });
export type SettingsDocument = z.infer<typeof settingsDocumentSchema>;
