import { assertEquals, assertThrows } from "@std/assert";
import { repeat, treeSum, wgsl } from "../../src/gpu/wgsl.ts";

Deno.test("wgsl: a template is cut back to its own indentation", () => {
  const text = wgsl`
      fn f() {
        return;
      }
  `;
  assertEquals(text, "fn f() {\n  return;\n}");
  assertEquals(wgsl`let x = ${3}u;`, "let x = 3u;");
});

Deno.test("wgsl: what is put in keeps its lines, indented like the line it stands on", () => {
  const body = wgsl`
    if (x) {
      y();
    }
  `;
  const text = wgsl`
    fn f() {
      ${body}
      let z = ${"vec2f(\n  1,\n)"};
    }
  `;
  assertEquals(
    text,
    ["fn f() {", "  if (x) {", "    y();", "  }", "  let z = vec2f(", "    1,", "  );", "}"].join(
      "\n",
    ),
  );
});

Deno.test("wgsl: a list alone on a line becomes lines, nested ones too", () => {
  const text = wgsl`
    {
      ${repeat(2, (i) => [`a${i};`, repeat(i, (j) => `b${j};`)])}
    }
  `;
  assertEquals(text, "{\n  a0;\n  a1;\n  b0;\n}");
});

Deno.test("wgsl: a list within a line is refused, since how to join it is not said", () => {
  const call = (list: string[]) => wgsl`f(${list});`;
  assertThrows(() => call(["a", "b"]), TypeError, "Cannot put a list into the line f(");
  assertEquals(wgsl`f(${["a", "b"].join(", ")});`, "f(a, b);");
});

Deno.test("wgsl: what is left out takes its line along, and the space around it", () => {
  const without = (part: string | false | undefined | string[]) =>
    wgsl`
      a;

      ${part}

      b;
    `;
  for (const nothing of [false, undefined, "", []] as const) {
    assertEquals(without(nothing as string | false | undefined | string[]), "a;\n\nb;");
  }
  assertEquals(wgsl`x${false};`, "x;");
});

Deno.test("treeSum: terms are halved, so that no chain is longer than it must be", () => {
  assertEquals(treeSum(["a"]), "a");
  assertEquals(treeSum(["a", "b", "c", "d", "e"]), "((a + b) + (c + (d + e)))");
});
