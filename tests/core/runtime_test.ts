import { assertEquals, assertMatch } from "@std/assert";
import { runtimeName } from "../../src/core/runtime.ts";

Deno.test("runtime: each is told from those it claims to be like", () => {
  const webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
  const of = (userAgent: string) => runtimeName({ navigator: { userAgent } });
  const node = { versions: { node: "22.11.0" } };
  assertEquals(runtimeName({ process: node }), "node 22.11.0");
  assertEquals(
    runtimeName({ process: { versions: { ...node.versions, bun: "1.2.3" } } }),
    "bun 1.2.3",
  );
  assertEquals(runtimeName({ process: node, Deno: { version: { deno: "2.9.6" } } }), "deno 2.9.6");
  assertEquals(
    of(`Mozilla/5.0 (X11; Linux x86_64) ${webkit} HeadlessChrome/142.0.0.0 Safari/537.36`),
    "chrome 142",
  );
  assertEquals(
    of(`Mozilla/5.0 (Windows NT 10.0) ${webkit} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0`),
    "edge 141",
  );
  assertEquals(
    of("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"),
    "firefox 144",
  );
  assertEquals(
    of(`Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${webkit} Version/18.3 Safari/605.1.15`),
    "safari 18",
  );
  assertEquals(runtimeName({}), "unknown runtime");
});

Deno.test("runtime: here it is Deno", () => {
  assertMatch(runtimeName(), /^deno \d+\.\d+\.\d+/);
});
