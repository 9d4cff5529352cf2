import type { ServerProcess } from './servers.ts';
import type { Row } from './table.ts';
import { createTeam } from './together/team.ts';
import { traffic } from './together/traffic.ts';
import { visible } from './together/visible.ts';

const spaceCounts = [1, 5, 20];

/**
 * How soon one person sees what another writes, and what that costs the network: client-sync against PouchDB's own
 * live replication of the same spaces, through one server process and through two on one engine.
 */
export async function together(first: ServerProcess, second: ServerProcess, repeats: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const count of spaceCounts) {
    const team = await createTeam(first.url, count);
    const places: [string, [string, string]][] = [
      ['one process', [first.url, first.url]],
      ['two processes', [first.url, second.url]],
    ];
    for (const [place, urls] of places) {
      const label = `${count} ${count === 1 ? 'space' : 'spaces'}, ${place}`;
      rows.push(...(await visible({ label, urls, team, repeats, hasAim: urls[0] === urls[1] })));
    }
  }
  rows.push(...(await traffic(first.url, spaceCounts)));
  return rows;
}
