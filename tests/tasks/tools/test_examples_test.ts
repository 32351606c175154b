import { assertEquals } from "@std/assert";
import { examplesIn } from "../../../tasks/tools/test_examples.ts";

const fence = "```";

Deno.test("examples: those in comments are found with their lines, and code is not", () => {
  const text = `const fake = \`
${fence}ts
no();
${fence}
\`;
/**
 * About it.
 *
 * @example
 * ${fence}ts
 * if (true) {
 *   yes(2 * 3);
 * }
 * ${fence}
 */
class A {
  /**
   * ${fence}ts
   * deeper();
   * ${fence}
   */
  b = 1;
}
`;
  assertEquals(examplesIn(text, "a.ts"), [
    { line: 10, code: "if (true) {\n  yes(2 * 3);\n}\n" },
    { line: 18, code: "deeper();\n" },
  ]);
});

Deno.test("examples: Markdown's blocks of TypeScript are found, others and ignored ones are not", () => {
  const text = `# A
${fence}sh
no
${fence}
${fence}ts
* 1;
${fence}
${fence}ts ignore
no();
${fence}
`;
  assertEquals(examplesIn(text, "a.md"), [{ line: 5, code: "* 1;\n" }]);
});
