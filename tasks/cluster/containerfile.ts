/** The file that an image of the toolkit is built from. */
import { container } from "./kubernetes.ts";

/** Name of the file in the folder of a job. */
export const containerFile = "Containerfile";

/** Version of Deno in the image, the one that the toolkit is tested with. */
export const imageDeno = "2.9.6";

/** What of a clone the image needs; what is not named, such as runs, does not enter it. */
export const imageSources: readonly (readonly string[])[] = [
  ["deno.json", "deno.lock", "mod.ts"],
  [".ci"],
  ["src"],
  ["tasks"],
  ["data/zoo"],
  ["data/classifiers"],
  ["data/explorer"],
];

/** Files beside these folders. */
const schemas = ["scale_schedule", "zoo_card", "zoo_index"].map((name) =>
  `data/${name}.schema.json`
);

/**
 * The file: Deno of one version, the packages of deno.lock fetched when the image is built, and a user
 * who is not root. A container of it starts without a network.
 */
export function containerFileText(): string {
  const { directory, user } = container;
  const copies = imageSources.map((paths) =>
    paths.length > 1 ? `COPY ${paths.join(" ")} ./` : `COPY ${paths[0]} ${paths[0]}`
  );
  return [
    "# The toolkit with all packages. In the clone: docker build --file THIS --tag NAME .",
    `FROM docker.io/denoland/deno:debian-${imageDeno}`,
    `WORKDIR ${directory}`,
    "# Nothing is asked of the network when a container starts: the standard library is in the clone, npm's",
    "# packages in Deno's cache.",
    "ENV DENO_DIR=/deno \\",
    "    DENO_NO_UPDATE_CHECK=1 \\",
    `    JSR_URL=file://${directory}/.ci/jsr/ \\`,
    "    HOME=/tmp",
    ...copies,
    `COPY ${schemas.join(" ")} data/`,
    "# The first command fetches the packages of all.",
    "RUN deno task -q zoo > /dev/null \\",
    " && mkdir -p runs data/downloads \\",
    ` && chown -R ${user}:${user} ${directory} /deno`,
    `USER ${user}:${user}`,
    'CMD ["deno", "task"]',
  ].join("\n") + "\n";
}
