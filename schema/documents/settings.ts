import { z } from 'zod';
import { limits } from '../field-rules.ts';
import { engineFields, mergeFields, schemaVersionSchema, timeSchema } from './parts.ts';

export const conflictRules = ['merge', 'last-write-wins', 'ask'] as const;

export const optionalSpaces = ['templates'] as const;

/** How the user wants to sync: which spaces and months, how often, over which networks, and what happens to conflicts of each document type. */
export const syncSettingsSchema = z
  .looseObject({
    frequency: z.enum(['live', 'interval', 'manual']).optional(),
    intervalSeconds: z.int().min(1).max(86_400).optional(),
    network: z.enum(['any', 'unmetered']).optional(),
    conflicts: z.record(z.string(), z.enum(conflictRules)).optional(),
    spaces: z
      .looseObject({
        /** Spaces of which no copy is kept on the user's devices. */
        exclude: z.array(z.string().min(1).max(limits.name)).max(limits.settingsSpaces).optional(),
        /** What is kept only by those who choose it. */
        include: z.array(z.enum(optionalSpaces)).max(limits.settingsSpaces).optional(),
      })
      .optional(),
    /** Months of runs that are kept, the current one included; 2 where it is missing. */
    months: z.int().min(1).max(24).optional(),
  })
  .meta({ id: 'SyncSettings' });
export type SyncSettings = z.infer<typeof syncSettingsSchema>;

/** `settings`: one a user, in the personal space. */
export const settingsDocumentSchema = z
  .looseObject({
    _id: z.literal('settings'),
    ...engineFields,
    ...mergeFields,
    type: z.literal('settings'),
    schemaVersion: schemaVersionSchema,
    updatedAt: timeSchema,
    sync: syncSettingsSchema.optional(),
  })
  .meta({ id: 'SettingsDocument' });
export type SettingsDocument = z.infer<typeof settingsDocumentSchema>;
