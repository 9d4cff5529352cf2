export { ensureAdministrator } from './administrator.ts';
export {
  startEmbeddedEngine,
  type EmbeddedEngine,
  type EmbeddedEngineOptions,
} from './start-embedded-engine.ts';
