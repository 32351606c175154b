import { type BackendChoice, type BackendInfo, startBackend } from "../../src/networks/backend.ts";

/** Starts the backend of the networks for a command. */
export async function startNetworkBackend(choice: BackendChoice): Promise<BackendInfo> {
  // Without a runtime folder, as in a container, the search for a GPU complains on stderr.
  const name = "XDG_RUNTIME_DIR";
  const permitted = Deno.permissions.querySync({ name: "env", variable: name }).state === "granted";
  if (permitted && Deno.build.os === "linux" && !Deno.env.get(name)) Deno.env.set(name, "/tmp");
  return await startBackend(choice);
}
