/** Stand-in for the part of jsr:@std/cli that this package uses. */
export * from "./parse_args.ts";
