/**
 * Counts the commits in a write-ahead log: frames with the header's salts and a database size
 * (https://www.sqlite.org/fileformat2.html#the_write_ahead_log).
 */
export function commitsIn(walFile: string): number {
  const bytes = Deno.readFileSync(walFile);
  const view = new DataView(bytes.buffer);
  const pageBytes = view.getUint32(8);
  let commits = 0;
  for (let frame = 32; frame + 24 + pageBytes <= bytes.length; frame += 24 + pageBytes) {
    const current = view.getBigUint64(frame + 8) === view.getBigUint64(16);
    if (current && view.getUint32(frame + 4) > 0) commits++;
  }
  return commits;
}
