/** The largest of each square of 2 x 2 pixels. */
import { loadSome, storeSome } from "./lanes.as";

/** out [n][H / 2][W / 2][C] <- the largest of each square of x [n][H][W][C]; `rows` = n * H / 2. */
export function maxPool(x: usize, out: usize, rows: i32, W: i32, C: i32): void {
  const pixel = <usize>C << 2, line = <usize>W * pixel;
  for (let row = 0; row < rows; row++, x += line) {
    for (let column = 0; column < W; column += 2, x += 2 * pixel, out += pixel) {
      for (let c = 0; c < C; c += 4) {
        const left = C - c, at = x + (<usize>c << 2);
        const top = f32x4.max(loadSome(at, left), loadSome(at + pixel, left));
        const bottom = f32x4.max(loadSome(at + line, left), loadSome(at + line + pixel, left));
        storeSome(out + (<usize>c << 2), f32x4.max(top, bottom), left);
      }
    }
  }
}

/** dx [n][H][W][C] <- dy at the first largest of each square, in the order of rows; zero elsewhere. */
export function maxPoolGradient(
  x: usize, dy: usize, dx: usize, rows: i32, W: i32, C: i32,
): void {
  const pixel = <usize>C << 2, line = <usize>W * pixel;
  for (let row = 0; row < rows; row++, x += line, dx += line) {
    for (let column = 0; column < W; column += 2, x += 2 * pixel, dx += 2 * pixel, dy += pixel) {
      for (let c = 0; c < C; c += 4) {
        const left = C - c, offset = <usize>c << 2, at = x + offset, to = dx + offset;
        const a = loadSome(at, left), b = loadSome(at + pixel, left);
        const d = loadSome(at + line, left), e = loadSome(at + line + pixel, left);
        const most = f32x4.max(f32x4.max(a, b), f32x4.max(d, e));
        // What is still to be given away.
        let g = loadSome(dy + offset, left);
        let here = f32x4.eq(a, most);
        storeSome(to, v128.and(g, here), left);
        g = v128.andnot(g, here);
        here = f32x4.eq(b, most);
        storeSome(to + pixel, v128.and(g, here), left);
        g = v128.andnot(g, here);
        here = f32x4.eq(d, most);
        storeSome(to + line, v128.and(g, here), left);
        storeSome(to + line + pixel, v128.andnot(g, here), left);
      }
    }
  }
}
