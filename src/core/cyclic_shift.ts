/** A shift along an axis of a torus, the shorter way round: above -size / 2, up to size / 2. */
export function cyclicShift(shift: number, size: number): number {
  const forth = ((shift % size) + size) % size;
  return forth > size / 2 ? forth - size : forth;
}
