// Digest child: reads every stored delivery of a database in a process of its own, whose memory the
// caller bounds.
import { createAside } from '../../src/flows/aside.ts';
import { digestDeliveries } from '../../src/flows/digest.ts';
import { loadWatched } from '../../src/flows/watched.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { systemClock as clock, newId } from '../../src/system/clock.ts';
import { silentLog as log } from '../../src/system/log.ts';

const sql = openDatabase(process.argv[2] ?? '', log, 2);
const ledger = createLedger(sql);
const ports = {
  ledger,
  clock,
  log,
  watched: await loadWatched(ledger.watchList),
  aside: createAside({ ledger, clock, log }),
  reader: newId(),
  bounds: { webhookBytesMost: 5_242_880, digestBytesMost: 16_777_216 },
  haste: { waitMs: () => 0 },
  onTold: () => {},
};
while (await digestDeliveries(ports));
process.stdout.write(`${Math.round(process.resourceUsage().maxRSS / 1_024)}\n`);
await sql.end();
