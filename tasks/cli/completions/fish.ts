import { cloneMark, type Completed, type CompletedVerb, zooWords } from "./model.ts";

/** Text within single quotes. */
const quoted = (text: string) => `'${text.replaceAll(/[\\']/g, (sign) => `\\${sign}`)}'`;

/** The options of \`complete\` for what can stand in a place. */
function options(value: Completed): string {
  switch (value.kind) {
    case "nothing":
      return "-f";
    case "text":
      return "-x";
    case "files":
      return "-r -F";
    case "words":
      return `-x -a ${quoted(value.words.join(" "))}`;
    case "runs":
      return `-r -F -a ${quoted(`(__els_runs ${value.verbs.join(" ")})`)}`;
  }
}

/** The completion script of fish. */
export function fishCompletion(verbs: readonly CompletedVerb[]): string {
  const lines = verbs.flatMap(({ name, summary, flags, word }) => {
    const within = `complete -c deno -n '__els_verb_is ${name}'`;
    const first = word.kind === "words"
      ? [`${within} -f -a ${quoted(word.words.join(" "))}`]
      : word.kind === "files"
      ? [`${within} -F`]
      : [`${within} -f`];
    return [
      `complete -c deno -n '__els_verb_is' -f -a ${quoted(name)} -d ${quoted(summary)}`,
      ...first,
      ...flags.map(({ name, help, value }) =>
        `${within} -l ${name.slice(2)} ${options(value)} -d ${quoted(help)}`
      ),
    ];
  });
  // Fish loads one file for each command, and forgets what was said of it before.
  return `# Completion of the ELS toolkit in fish, for ~/.config/fish/completions/deno.fish.
type -q deno; and deno completions fish | source

function __els_in_clone
    set -l folder $PWD
    while test -n "$folder"
        grep -qs ${quoted(cloneMark)} $folder/deno.json; and return 0
        set folder (string replace -r '/[^/]*$' '' -- $folder)
    end
    return 1
end

# Whether the words before the cursor end in the verb, or in no verb where none is named.
function __els_verb_is
    set -l at 0
    set -l verb
    for word in (commandline -opc)[2..]
        switch $word
            case task
                test $at -eq 1; or not __els_in_clone; or set at 1
            case '*/toolkit/cli' '*/toolkit@*/cli' tasks/main.ts '*/tasks/main.ts'
                set at 1
            case '-*'
            case '*'
                if test $at -eq 1
                    set verb $word
                    break
                end
        end
    end
    test $at -eq 1; and test "$verb" = "$argv[1]"
end

function __els_runs
    echo latest
    for verb in $argv
        test $verb = zoo; and printf '%s\\n' ${zooWords.join(" ")}
        for folder in runs/[0-9]*-$verb*
            test -e $folder/config.json; and string replace runs/ '' -- $folder
        end
    end
end

${lines.join("\n")}`;
}
