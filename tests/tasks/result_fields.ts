/** What `--json` prints, held against what a verb's specification says about it. */
import { assertEquals } from "@std/assert";
import { verbEntries } from "../../tasks/cli/verbs.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Paths of a result: its fields, and those within files and numbers. */
function pathsOf(result: Fields): string[] {
  return Object.entries(result).flatMap(([key, value]) =>
    key === "files" || key === "numbers"
      ? Object.keys(value as Fields).map((inner) => `${key}.${inner}`)
      : [key]
  );
}

/**
 * Checks that a result has every field that the verb documents, and no other.
 *
 * @param absent Documented fields of other modes of the verb.
 * @returns The result.
 */
export async function checkResult(
  text: string,
  { absent = [] }: { readonly absent?: readonly string[] } = {},
) {
  const { verb, toolkit, ...result } = JSON.parse(text);
  assertEquals(typeof toolkit, "string");
  const { spec } = (await verbEntries.find(({ name }) => name === verb)!.load()).verb;
  const documented = Object.keys(spec.result ?? {}).filter((path) => !absent.includes(path));
  const pattern = (path: string) => new RegExp(`^${RegExp.escape(path).replace("NAME", ".+")}$`);
  const found = pathsOf(result);
  const strange = found.filter((path) => !documented.some((known) => pattern(known).test(path)));
  const missing = documented.filter((path) => !found.some((each) => pattern(path).test(each)));
  assertEquals({ strange, missing }, { strange: [], missing: [] }, `${verb}: ${found}`);
  return result;
}
