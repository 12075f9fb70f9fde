const BLOCK = 512;
/** Two empty blocks end an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

/**
 * The POSIX (ustar) header of a regular file of `size` bytes, below 8 GiB, readable by all. `name` is at most
 * 100 ASCII characters. The file's bytes follow it, then `tarPadding(size)`.
 */
export function tarHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, 100, 'ascii');
  const fields: readonly (readonly [offset: number, digits: number, value: number])[] = [
    [100, 7, 0o644],
    [108, 7, 0],
    [116, 7, 0],
    [124, 11, size],
    [136, 11, 0],
  ];
  for (const [offset, digits, value] of fields) {
    header.write(value.toString(8).padStart(digits, '0'), offset, 'ascii');
  }
  header.write('0', 156, 'ascii');
  header.write('ustar\x0000', 257, 'ascii');
  // The sum is taken with its own field as spaces.
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii');
  return header;
}

/** What fills a file's last block. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/** Bytes of the archive that holds files of these sizes, its end included. */
export function tarSize(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + BLOCK + Math.ceil(size / BLOCK) * BLOCK, TAR_END.length);
}
