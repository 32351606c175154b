/** Name of this package, as in deno.json. */
export const toolkitName = "@els/toolkit";

/** Version of this package, as in deno.json. */
export const toolkitVersion = "0.1.0";
