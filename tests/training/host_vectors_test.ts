/** A step's arithmetic on the host. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import { hostVectors, plainVectors } from "../../src/training/host_vectors.ts";

for (const count of [1, 2, 7, 1000]) {
  Deno.test(`optimizer: ${count} parameters take the same steps by SIMD and by plain loops`, () => {
    const random = new Random(count);
    const normals = (scale: number) => random.normals(count).map((value) => scale * value);
    const start = {
      step: 3,
      parameters: normals(1),
      average: normals(1),
      mean: normals(0.01),
      square: normals(0.01).map((value) => value ** 2),
    };
    const sides = [hostVectors(start, 0.01), plainVectors(start, 0.01)] as const;
    for (let step = 4; step < 12; step++) {
      // Gradients over many orders of magnitude, zeros among them.
      const gradients = normals(10 ** (step - 8)).map((value, i) => i % 5 === 2 ? 0 : value);
      const options = {
        factor: step % 2 ? 1 : 0.37,
        learningRate: 1e-3,
        emaDecay: step < 9 ? 0.99 : 0,
      };
      const norms = sides.map((vectors) => {
        vectors.gradients.set(gradients);
        const norm = vectors.norm();
        vectors.apply(step, options);
        return norm;
      });
      assertEquals(norms[0], norms[1]);
      const [native, plain] = sides;
      for (const part of ["parameters", "average", "mean", "square"] as const) {
        assertEquals(native[part].slice(), plain[part].slice(), `${part} at step ${step}`);
      }
    }
    assertNotEquals(sides[0].parameters.slice(), start.parameters);
  });
}
