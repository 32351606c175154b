/** The real PyTorch and NumPy, where python3 has them. */

let found: Promise<string | undefined> | undefined;

/** Path of a python3 with PyTorch and NumPy; undefined, and said aloud, where there is none. */
export function pythonWithTorch(): Promise<string | undefined> {
  return found ??= find();
}

async function find(): Promise<string | undefined> {
  for (const python of ["/usr/bin/python3", "python3"]) {
    // Looking for the packages is quick, importing PyTorch takes seconds.
    const code = "import importlib.util as u, sys; " +
      "sys.exit(not all(map(u.find_spec, ('torch', 'numpy'))))";
    const output = await new Deno.Command(python, { args: ["-c", code], stderr: "null" }).output()
      .catch(() => undefined);
    if (output?.success) return python;
  }
  console.log("skipped: no python3 with torch and numpy; only the committed files are compared");
  return undefined;
}

/** Runs a program and returns what it prints. */
export async function runPython(python: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(python, { args: [...args] }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
