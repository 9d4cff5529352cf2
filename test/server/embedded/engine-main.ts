import { startEmbeddedEngine } from '../../../server/embedded/index.ts';
import { createLog } from '../../../server/log.ts';

const [directory = '', port = '0'] = process.argv.slice(2);

const engine = await startEmbeddedEngine({
  directory,
  port: Number(port),
  administrator: { name: 'admin', password: 'secret' },
  plainUsers: true,
  log: createLog({ level: 'error' }),
});

process.once('SIGTERM', () => {
  engine.close().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
