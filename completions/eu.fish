# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_eu_global_optspecs
    string join \n json q/quiet v/verbose color= log-file= seed= threads= device= cpu= n/dry-run f/force offline plain config= h/help V/version
end

function __fish_eu_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_eu_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_eu_using_subcommand
    set -l cmd (__fish_eu_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c eu -n "__fish_eu_needs_command" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_needs_command" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_needs_command" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_needs_command" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_needs_command" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_needs_command" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_needs_command" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_needs_command" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_needs_command" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_needs_command" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_needs_command" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_needs_command" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_needs_command" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_needs_command" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_needs_command" -s V -l version -d 'Print version'
complete -c eu -n "__fish_eu_needs_command" -f -a "prepare" -d 'Turn text into clean, deduplicated, balanced tokens and a tokenizer'
complete -c eu -n "__fish_eu_needs_command" -f -a "train" -d 'Train a model from scratch on prepared text'
complete -c eu -n "__fish_eu_needs_command" -f -a "eval" -d 'Score a model on text, in bits per byte, the worst language first'
complete -c eu -n "__fish_eu_needs_command" -f -a "quantize" -d 'Write a model as a GGUF file in fewer bits'
complete -c eu -n "__fish_eu_needs_command" -f -a "chat" -d 'Talk to a model, or continue a text'
complete -c eu -n "__fish_eu_needs_command" -f -a "tour" -d 'See the whole walk on embedded text in every language, in a few minutes'
complete -c eu -n "__fish_eu_needs_command" -f -a "init" -d 'Write a commented recipe after a few questions'
complete -c eu -n "__fish_eu_needs_command" -f -a "pull" -d 'Fetch a model from the Hugging Face hub'
complete -c eu -n "__fish_eu_needs_command" -f -a "inspect" -d 'Say what a file is, who its parents are and whether it is whole'
complete -c eu -n "__fish_eu_needs_command" -f -a "doctor" -d 'Say what this machine can do and which settings apply'
complete -c eu -n "__fish_eu_needs_command" -f -a "watch" -d 'Follow a training run, also one on another terminal'
complete -c eu -n "__fish_eu_needs_command" -f -a "completions" -d 'Print the completion script of a shell'
complete -c eu -n "__fish_eu_needs_command" -f -a "man" -d 'Print a manual page, or write all of them to a folder'
complete -c eu -n "__fish_eu_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -s o -l output -d 'Folder to make' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l heldout -d 'Text to score on, never trained on; may be repeated' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l heldout-share -d 'Share of each language set aside for scoring, without --heldout' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l parallel -d 'Parallel text for the parity table: records with one id say one thing' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l steps -d 'Steps to take, with commas between: extract, lawful, identify, filter, decontaminate, redact, dedup, tokenizer, pack' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l langs -d 'Languages to keep: codes or sets (eu24, europe), with commas between' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l text-key -d 'Field of a JSON record that holds its text' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l trust-labels -d 'Take a record\'s own language label where it has one' -r -f -a "true\t''
false\t''"
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l min-lang-prob -d 'Least probability of the identified language' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l crawl-id -d 'Name of the crawl, noted in the records made of its pages' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l comments -d 'Keep what readers wrote under a page\'s text' -r -f -a "true\t''
false\t''"
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l robots -d 'Files of sites (robots.txt, tdmrep.json, ai.txt): a crawl of them, or lines of JSON' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l agents -d 'Crawlers as which robots.txt is read, or groups: hplt, train, all' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l checks -d 'Checks of lawfulness that are made, with commas between; without it all' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l licences -d 'Licences wanted and not wanted: lines such as `deny *-NC*`' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l block-lists -d 'Domains and addresses not wanted: a list, or folders as UT1 has them' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l thresholds -d 'Thresholds to lay over our own, such as `eu prepare calibrate` writes' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l families -d 'Families of filters to judge by, with commas between' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l bad-words -d 'Words nobody wants, one a line' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l contamination -d 'Evaluation sets that must not be trained on: files or folders of them' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l redact -d 'What is done with personal data' -r -f -a "annotate\t''
mask\t''
pseudonymise\t''"
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l pii-key -d 'Secret under which pseudonyms are drawn: a file of random bytes' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l annotate -d 'Note HPLT\'s document scores in every record that stays' -r -f -a "true\t''
false\t''"
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l filter -d 'Judge quality with the per-language thresholds' -r -f -a "true\t''
false\t''"
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l dedup-lines -d 'Take out paragraphs that this many records of one site have, or a hundred times as many of all; 0: none' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l dedup-url -d 'Remove records of one address, all but the newest' -r -f -a "true\t''
false\t''"
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l dedup-exact -d 'Remove records whose text is equal' -r -f -a "true\t''
false\t''"
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l dedup-fuzzy -d 'Remove near-duplicates (MinHash)' -r -f -a "true\t''
false\t''"
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l minhash-bands -d 'Bands of the MinHash index' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l minhash-rows -d 'Rows of each band' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l minhash-ngram -d 'Words of a shingle' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l budget-tokens -d 'Tokens of the mix over all languages; without it as many as there are' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l budget-bytes -d 'Bytes of text of the mix over all languages, instead of tokens' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l mix-unit -d 'What the shares of languages are counted in' -r -f -a "bytes\t''
tokens\t''"
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l temperature -d 'Shares in proportion to n^(1/T), 1 taking languages as they come; without it all alike' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l weights -d 'How much more (or less) than its share a language gets: de=0.5,mt=2' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l source-weights -d 'How often records of a source are packed, such as wiki=2,CC-MAIN-2019*=0.5' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l rehydrate -d 'Pack a record that stands for copies more than once, by their number' -r -f -a "true\t''
false\t''"
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l max-premium -d 'Refuse a vocabulary that charges a language more than this many times English' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l max-epochs -d 'How often the text of one language may be repeated at most' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l vocab-size -d 'Tokens of the vocabulary to train' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l model -d 'Kind of vocabulary to train' -r -f -a "bpe\t''
unigram\t''"
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l pressure -d 'How hard languages that pay more tokens than others are preferred; 0: plain BPE' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l tokenizer -d 'An existing tokenizer.json to use instead of training one' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l parquet -d 'Write the records as Parquet as well' -r -f -a "true\t''
false\t''"
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l layouts -d 'Layouts of tokens, with commas between: megatron, datatrove, olmo' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l memory -d 'Memory to keep to where there is a choice, such as 4G' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l unit-bytes -d 'Input of a piece of work, as stored: what a kill can cost at most' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l shard -d 'Read and judge only this share of the input (1/16 to 16/16); then once without, to merge' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -a "extract" -d 'Take the main text and the facts out of web pages'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -a "lawful" -d 'Say of each record whether the people behind it allow its use, and who said so'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -a "identify" -d 'Add the language of each record'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -a "filter" -d 'Keep the records that pass the thresholds of their language'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -a "redact" -d 'Find personal data, and mask it'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -a "numbers" -d 'Check identity, tax, company and account numbers, each by the rules of its country'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -a "decontaminate" -d 'Keep the records that hold nothing of evaluation sets'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -a "dedup" -d 'Keep the first of records that are equal or nearly so'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -a "tokenizer" -d 'Train a vocabulary in which languages pay alike, and tell what each pays'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -a "encode" -d 'Give the token ids of each record\'s text'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -a "pack" -d 'Write the tokens of records, shuffled, a pair of files for each language and split'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -a "mix" -d 'Tell what share of a mix each language has, and how often its text is repeated'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -a "stats" -d 'Count records, bytes and words per language'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -a "explain" -d 'Say for each record, or one of a prepared folder, what every filter measured'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -a "whatif" -d 'Tell what each filter would drop, on a sample'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -a "calibrate" -d 'Derive thresholds from good text of your own'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -a "view" -d 'Look at the documents that stayed and those that were dropped, and why'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -a "langid-train" -d 'Make the identifier of languages anew (for those who work on it)'
complete -c eu -n "__fish_eu_using_subcommand prepare; and not __fish_seen_subcommand_from extract lawful identify filter redact numbers decontaminate dedup tokenizer encode pack mix stats explain whatif calibrate view langid-train help" -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from extract" -l text-key -d 'Field of a JSON record that holds its text' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from extract" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from extract" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from extract" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from extract" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from extract" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from extract" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from extract" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from extract" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from extract" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from extract" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from extract" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from extract" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from extract" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from extract" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from extract" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from lawful" -l text-key -d 'Field of a JSON record that holds its text' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from lawful" -l hosts -d 'Files of sites (robots.txt, tdmrep.json, ai.txt): a crawl of them, or lines of JSON' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from lawful" -l agents -d 'Crawlers as which robots.txt is read, or groups: hplt, train, all' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from lawful" -l checks -d 'Checks that are made, with commas between; without it all' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from lawful" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from lawful" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from lawful" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from lawful" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from lawful" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from lawful" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from lawful" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from lawful" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from lawful" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from lawful" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from lawful" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from lawful" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from lawful" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from lawful" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from lawful" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from identify" -l text-key -d 'Field of a JSON record that holds its text' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from identify" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from identify" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from identify" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from identify" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from identify" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from identify" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from identify" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from identify" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from identify" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from identify" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from identify" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from identify" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from identify" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from identify" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from identify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from filter" -l text-key -d 'Field of a JSON record that holds its text' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from filter" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from filter" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from filter" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from filter" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from filter" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from filter" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from filter" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from filter" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from filter" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from filter" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from filter" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from filter" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from filter" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from filter" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from filter" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from redact" -l text-key -d 'Field of a JSON record that holds its text' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from redact" -l mode -d 'What is done with what is found' -r -f -a "annotate\t''
mask\t''
pseudonymise\t''"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from redact" -l key -d 'Secret under which pseudonyms are drawn: a file of random bytes' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from redact" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from redact" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from redact" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from redact" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from redact" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from redact" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from redact" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from redact" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from redact" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from redact" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from redact" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from redact" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from redact" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from redact" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from redact" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from numbers" -l text-key -d 'Field of a JSON record that holds its text' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from numbers" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from numbers" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from numbers" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from numbers" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from numbers" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from numbers" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from numbers" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from numbers" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from numbers" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from numbers" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from numbers" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from numbers" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from numbers" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from numbers" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from numbers" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from decontaminate" -l text-key -d 'Field of a JSON record that holds its text' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from decontaminate" -l against -d 'Evaluation sets: files or folders of JSONL, JSON, TSV, or the index made of them' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from decontaminate" -l index -d 'Make the index of evaluation sets, which FILE then names, and write it here: FILE.eui' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from decontaminate" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from decontaminate" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from decontaminate" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from decontaminate" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from decontaminate" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from decontaminate" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from decontaminate" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from decontaminate" -l mark -d 'Keep all records, with `contaminated` in each'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from decontaminate" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from decontaminate" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from decontaminate" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from decontaminate" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from decontaminate" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from decontaminate" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from decontaminate" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from decontaminate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from dedup" -l text-key -d 'Field of a JSON record that holds its text' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from dedup" -l sketch -d 'Only write the sketches that copies are found by, into this folder' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from dedup" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from dedup" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from dedup" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from dedup" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from dedup" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from dedup" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from dedup" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from dedup" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from dedup" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from dedup" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from dedup" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from dedup" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from dedup" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from dedup" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from dedup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from tokenizer" -l text-key -d 'Field of a JSON record that holds its text' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from tokenizer" -s o -l output -d 'Folder for the tokenizer.json' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from tokenizer" -l vocab-size -d 'Tokens of the vocabulary' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from tokenizer" -l model -d 'Kind of vocabulary' -r -f -a "bpe\t''
unigram\t''"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from tokenizer" -l parallel -d 'Texts in several languages that say the same under the same id: tells what each pays' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from tokenizer" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from tokenizer" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from tokenizer" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from tokenizer" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from tokenizer" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from tokenizer" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from tokenizer" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from tokenizer" -l plain -d 'Take all text as it comes, whatever its language'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from tokenizer" -l compare -d 'Train plain BPE of the same size on the same sample too, and put both side by side'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from tokenizer" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from tokenizer" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from tokenizer" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from tokenizer" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from tokenizer" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from tokenizer" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from tokenizer" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from encode" -l text-key -d 'Field of a JSON record that holds its text' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from encode" -l tokenizer -d 'The vocabulary: a tokenizer.json' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from encode" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from encode" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from encode" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from encode" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from encode" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from encode" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from encode" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from encode" -l count -d 'Tell how many ids there are and their hash, instead of the ids'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from encode" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from encode" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from encode" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from encode" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from encode" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from encode" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from encode" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from encode" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from pack" -l text-key -d 'Field of a JSON record that holds its text' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from pack" -l tokenizer -d 'The vocabulary: a tokenizer.json' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from pack" -s o -l output -d 'Folder to make' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from pack" -l layouts -d 'Layouts of tokens, with commas between: megatron, datatrove, olmo' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from pack" -l heldout-share -d 'Share of each language set aside for scoring' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from pack" -l source-weights -d 'How often records of a source are packed, such as wiki=2,CC-MAIN-2019*=0.5' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from pack" -l rehydrate -d 'Pack a record that stands for copies more than once, by their number' -r -f -a "true\t''
false\t''"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from pack" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from pack" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from pack" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from pack" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from pack" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from pack" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from pack" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from pack" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from pack" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from pack" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from pack" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from pack" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from pack" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from pack" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from pack" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -l text-key -d 'Field of a JSON record that holds its text' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -l tokenizer -d 'The vocabulary: tells the tokens of records, and the bytes of token files' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -l mix-unit -d 'What the shares of languages are counted in' -r -f -a "bytes\t''
tokens\t''"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -l temperature -d 'Shares in proportion to n^(1/T), 1 taking languages as they come; without it all alike' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -l weights -d 'How much more (or less) than its share a language gets: de=0.5,mt=2' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -l budget-tokens -d 'Tokens of the mix over all languages; without it as many as there are' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -l budget-bytes -d 'Bytes of text of the mix over all languages, instead of tokens' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -l max-epochs -d 'How often the text of one language may be repeated at most' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from mix" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from stats" -l text-key -d 'Field of a JSON record that holds its text' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from stats" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from stats" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from stats" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from stats" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from stats" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from stats" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from stats" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from stats" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from stats" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from stats" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from stats" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from stats" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from stats" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from stats" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from stats" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from explain" -l text-key -d 'Field of a JSON record that holds its text' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from explain" -l data -d 'The prepared folder in which the record of this id is looked for' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from explain" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from explain" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from explain" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from explain" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from explain" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from explain" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from explain" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from explain" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from explain" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from explain" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from explain" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from explain" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from explain" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from explain" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from whatif" -l text-key -d 'Field of a JSON record that holds its text' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from whatif" -l sample -d 'Share of the records that is looked at, the same ones every time' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from whatif" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from whatif" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from whatif" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from whatif" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from whatif" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from whatif" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from whatif" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from whatif" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from whatif" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from whatif" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from whatif" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from whatif" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from whatif" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from whatif" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from whatif" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from calibrate" -l text-key -d 'Field of a JSON record that holds its text' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from calibrate" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from calibrate" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from calibrate" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from calibrate" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from calibrate" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from calibrate" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from calibrate" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from calibrate" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from calibrate" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from calibrate" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from calibrate" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from calibrate" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from calibrate" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from calibrate" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from calibrate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from view" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from view" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from view" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from view" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from view" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from view" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from view" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from view" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from view" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from view" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from view" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from view" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from view" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from view" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from view" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from langid-train" -l exclude -d 'Texts that must not be learnt, because they judge the result; may be repeated' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from langid-train" -s o -l output -d 'File to write' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from langid-train" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from langid-train" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from langid-train" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from langid-train" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from langid-train" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from langid-train" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from langid-train" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from langid-train" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from langid-train" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from langid-train" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from langid-train" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from langid-train" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from langid-train" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from langid-train" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from langid-train" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from help" -f -a "extract" -d 'Take the main text and the facts out of web pages'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from help" -f -a "lawful" -d 'Say of each record whether the people behind it allow its use, and who said so'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from help" -f -a "identify" -d 'Add the language of each record'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from help" -f -a "filter" -d 'Keep the records that pass the thresholds of their language'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from help" -f -a "redact" -d 'Find personal data, and mask it'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from help" -f -a "numbers" -d 'Check identity, tax, company and account numbers, each by the rules of its country'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from help" -f -a "decontaminate" -d 'Keep the records that hold nothing of evaluation sets'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from help" -f -a "dedup" -d 'Keep the first of records that are equal or nearly so'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from help" -f -a "tokenizer" -d 'Train a vocabulary in which languages pay alike, and tell what each pays'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from help" -f -a "encode" -d 'Give the token ids of each record\'s text'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from help" -f -a "pack" -d 'Write the tokens of records, shuffled, a pair of files for each language and split'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from help" -f -a "mix" -d 'Tell what share of a mix each language has, and how often its text is repeated'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from help" -f -a "stats" -d 'Count records, bytes and words per language'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from help" -f -a "explain" -d 'Say for each record, or one of a prepared folder, what every filter measured'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from help" -f -a "whatif" -d 'Tell what each filter would drop, on a sample'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from help" -f -a "calibrate" -d 'Derive thresholds from good text of your own'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from help" -f -a "view" -d 'Look at the documents that stayed and those that were dropped, and why'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from help" -f -a "langid-train" -d 'Make the identifier of languages anew (for those who work on it)'
complete -c eu -n "__fish_eu_using_subcommand prepare; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c eu -n "__fish_eu_using_subcommand train" -s o -l output -d 'Run directory to make or to resume' -r -F
complete -c eu -n "__fish_eu_using_subcommand train" -l resume -d 'Go on from the newest whole checkpoint of the run directory' -r -f -a "true\t''
false\t''"
complete -c eu -n "__fish_eu_using_subcommand train" -l steps -d 'Optimiser steps; without it one pass over the mix, or what fits --minutes' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l minutes -d 'Minutes to train; the number of steps is measured at the start and then fixed' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l d-model -d 'Width of the residual stream' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l n-layers -l layers -d 'Decoder layers' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l n-heads -l heads -d 'Query heads' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l n-kv-heads -l kv-heads -d 'Key and value heads; divides --n-heads' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l d-ff -l ff -d 'Width inside the feed-forward block' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l tied -d 'Use the embedding as output matrix too' -r -f -a "true\t''
false\t''"
complete -c eu -n "__fish_eu_using_subcommand train" -l rope-theta -d 'Base of the rotary angles' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l norm-eps -d 'Epsilon of RMSNorm' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l context -l seq -d 'Tokens of a sequence' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l batch -d 'Sequences of one optimiser step' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l micro-batch -d 'Sequences computed at once; divides --batch; 0: all' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l lr -d 'Peak learning rate' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l min-lr-share -d 'Learning rate at the end, as a share of the peak' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l schedule -d 'Course of the learning rate' -r -f -a "wsd\t''
cosine\t''"
complete -c eu -n "__fish_eu_using_subcommand train" -l warmup-share -d 'Share of the steps that warm up' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l decay-share -d 'Share of the steps that decay (wsd)' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l optimizer -d 'Who moves the weights: adamw, or muon for the matrices inside of layers' -r -f -a "adamw\t''
muon\t''"
complete -c eu -n "__fish_eu_using_subcommand train" -l momentum -d 'Share of its momentum that Muon keeps each step' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l beta1 -d 'AdamW\'s first moment decay' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l beta2 -d 'AdamW\'s second moment decay' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l adam-eps -d 'AdamW\'s epsilon' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l weight-decay -d 'Weight decay of matrices' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l clip -d 'Largest gradient norm; 0: no clipping' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l precision -d 'What activations and products are computed in; the rest is f32' -r -f -a "bf16\t''
f32\t''"
complete -c eu -n "__fish_eu_using_subcommand train" -l recompute -d 'Layers computed again on the way back instead of being kept: less memory, more time' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l document-mask -d 'Tokens do not see documents before their own' -r -f -a "true\t''
false\t''"
complete -c eu -n "__fish_eu_using_subcommand train" -l eval-every -d 'Steps between scores on held-out text; 0: only at the start and the end' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l eval-tokens -d 'Most held-out tokens scored per language during training; 0: all' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l checkpoint-every -d 'Steps between checkpoints; 0: only at the end' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l keep-checkpoints -d 'Checkpoints kept; 0: all' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l vocab -d 'Tokens of the vocabulary, for --bench' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand train" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand train" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand train" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand train" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand train" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand train" -l bench -d 'Time steps on random tokens instead of training; reads and writes no file'
complete -c eu -n "__fish_eu_using_subcommand train" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand train" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand train" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand train" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand train" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand train" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand train" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand train" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand eval" -l data -d 'Text to score on: a prepared folder (its held-out text), or files of records' -r -F
complete -c eu -n "__fish_eu_using_subcommand eval" -l contamination -d 'Score texts that hold an item of these apart too: evaluation sets, or an index (.eui). Without it, of a run, the items that were met in its own training text' -r -F
complete -c eu -n "__fish_eu_using_subcommand eval" -s o -l output -d 'Folder for results_*.json' -r -F
complete -c eu -n "__fish_eu_using_subcommand eval" -l langs -d 'Languages to score: codes or sets, with commas between' -r
complete -c eu -n "__fish_eu_using_subcommand eval" -l max-bytes -d 'Most bytes of text scored per language; 0: all' -r
complete -c eu -n "__fish_eu_using_subcommand eval" -l context -d 'Largest context used; 0: the model\'s own' -r
complete -c eu -n "__fish_eu_using_subcommand eval" -l precision -d 'What activations and products are computed in' -r -f -a "bf16\t''
f32\t''"
complete -c eu -n "__fish_eu_using_subcommand eval" -l max-worst-bpb -d 'Fail (exit code 5) when the worst language needs more bits per byte' -r
complete -c eu -n "__fish_eu_using_subcommand eval" -l against -d 'Tell what the model lost beside this one, of the same vocabulary, on the same text' -r -F
complete -c eu -n "__fish_eu_using_subcommand eval" -l max-kld -d 'Fail (exit code 5) when the mean KL divergence of a language is more nats per token' -r
complete -c eu -n "__fish_eu_using_subcommand eval" -l plot -d 'SVG picture of what each language lost' -r -F
complete -c eu -n "__fish_eu_using_subcommand eval" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand eval" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand eval" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand eval" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand eval" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand eval" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand eval" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand eval" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand eval" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand eval" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand eval" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand eval" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand eval" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand eval" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand eval" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand quantize" -s o -l output -d 'GGUF file to write; without it model-TYPE.gguf beside the model' -r -F
complete -c eu -n "__fish_eu_using_subcommand quantize" -l type -d 'Type of the file' -r -f -a "f16\t''
bf16\t''
q8_0\t''
q6_k\t''
q5_k_m\t''
q5_k_s\t''
q5_1\t''
q5_0\t''
q4_k_m\t''
q4_k_s\t''
q4_1\t''
q4_0\t''
iq4_nl\t''
iq4_xs\t''
q3_k_l\t''
q3_k_m\t''
q3_k_s\t''
q2_k\t''"
complete -c eu -n "__fish_eu_using_subcommand quantize" -l tensor -d 'Type of the tensors whose name in the file REGEX meets; of several rules the first counts' -r
complete -c eu -n "__fish_eu_using_subcommand quantize" -l output-type -d 'Type of the output matrix, or of the embedding that serves as such' -r
complete -c eu -n "__fish_eu_using_subcommand quantize" -l embedding-type -d 'Type of the token embedding' -r
complete -c eu -n "__fish_eu_using_subcommand quantize" -l pure -d 'Give every matrix the type the file is named for, and none more bits' -r -f -a "true\t''
false\t''"
complete -c eu -n "__fish_eu_using_subcommand quantize" -l imatrix -d 'Importance of columns, as llama.cpp writes it: errors count more where it is large' -r -F
complete -c eu -n "__fish_eu_using_subcommand quantize" -l importance-data -d 'Text to compute importance from: a prepared folder, or files of records' -r -F
complete -c eu -n "__fish_eu_using_subcommand quantize" -l importance-tokens -d 'Tokens of that text to read, from each language the same number' -r
complete -c eu -n "__fish_eu_using_subcommand quantize" -l importance-output -d 'Compute importance of the output matrix too' -r -f -a "true\t''
false\t''"
complete -c eu -n "__fish_eu_using_subcommand quantize" -l importance-only -d 'Compute importance, and make no file of a model' -r -f -a "true\t''
false\t''"
complete -c eu -n "__fish_eu_using_subcommand quantize" -l imatrix-out -d 'File of importance to write, once it is computed' -r -F
complete -c eu -n "__fish_eu_using_subcommand quantize" -l target-bpw -d 'Most bits a weight: types are chosen so that the language which loses most loses least' -r
complete -c eu -n "__fish_eu_using_subcommand quantize" -l data -d 'Text to compare before and after on: a prepared folder, or files of records' -r -F
complete -c eu -n "__fish_eu_using_subcommand quantize" -l max-kld -d 'Fail (exit code 5) when the mean KL divergence of a language from the model is more nats per token; the file stays' -r
complete -c eu -n "__fish_eu_using_subcommand quantize" -l max-worst-bpb -d 'Fail (exit code 5) when the worst language needs more bits per byte of the file' -r
complete -c eu -n "__fish_eu_using_subcommand quantize" -l plot -d 'SVG picture of what each language lost' -r -F
complete -c eu -n "__fish_eu_using_subcommand quantize" -l precision -d 'What text is scored in: f32, or bf16, which is faster and as `eu chat` computes' -r -f -a "bf16\t''
f32\t''"
complete -c eu -n "__fish_eu_using_subcommand quantize" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand quantize" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand quantize" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand quantize" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand quantize" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand quantize" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand quantize" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand quantize" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand quantize" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand quantize" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand quantize" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand quantize" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand quantize" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand quantize" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand quantize" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand chat" -s p -l prompt -d 'Answer TEXT and end; what is piped in stands before it' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l prompts -d 'Answer each line of a file, {"prompt": TEXT} or {"messages": […]}, with a line; -: standard input' -r -F
complete -c eu -n "__fish_eu_using_subcommand chat" -l parallel -d 'Answers written side by side, with --prompts or --serve' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l logprobs -d 'Tell each token, and this many of the likeliest in its place, with their log-probabilities; with --json or --prompts' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l prefill -d 'Tokens to read, with --bench' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l decode -d 'Tokens to write after them, with --bench' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l batch -d 'Texts side by side, with --bench' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l repeat -d 'Times that all is done, with --bench; the best counts' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l serve -d 'Answer over HTTP as OpenAI\'s API does, until stopped; port 0: any that is free' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l queue -d 'Answers that may wait for a place, with --serve; with more, requests are refused' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l token-file -d 'File with a token a line that clients have to send; without one only this machine is served' -r -F
complete -c eu -n "__fish_eu_using_subcommand chat" -l model-name -d 'What clients call the model; otherwise as its file is called' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l token-limit -d 'Most tokens of an answer, whatever a client asks for; 0: as many as the context holds' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l max-body -d 'Largest request in MiB' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l patience -d 'Seconds that a request may take to come, and a reader to take nothing of an answer' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l raw -d 'Continue text as it is, without a chat template' -r -f -a "true\t''
false\t''"
complete -c eu -n "__fish_eu_using_subcommand chat" -l system -d 'System prompt of the conversation' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l template-arg -d 'Tell the chat template something beside the conversation: enable_thinking=false' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l lang -d 'Language to answer in, as de, deu or deu_Latn; with -p an answer in another fails' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l session -d 'Go on with a kept conversation (last: the one last spoken in), or begin it' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l no-history -d 'Keep neither the conversation nor questions' -r -f -a "true\t''
false\t''"
complete -c eu -n "__fish_eu_using_subcommand chat" -l max-tokens -d 'Most tokens to generate; 0: until the context is full' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l kv -d 'What keys and values are kept in; q8_0 takes half the room of a long text' -r -f -a "f16\t''
q8_0\t''"
complete -c eu -n "__fish_eu_using_subcommand chat" -l context -d 'Largest context used; 0: the model\'s own' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l context-shift -d 'Forget the oldest half of a full context and go on, in place of ending there' -r -f -a "true\t''
false\t''"
complete -c eu -n "__fish_eu_using_subcommand chat" -l precision -d 'What activations and products are computed in; bf16 halves what is read for each token' -r -f -a "bf16\t''
f32\t''"
complete -c eu -n "__fish_eu_using_subcommand chat" -l temperature -d 'Divides the logits; 0: always the likeliest token' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l dynatemp-range -d 'How far the temperature goes below and above, by how sure the model is; 0: not at all' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l dynatemp-exponent -d 'Above 1 the temperature rises later with doubt, below 1 sooner' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l top-n-sigma -d 'Keep tokens within this many standard deviations of the highest logit; 0: all' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l top-k -d 'Keep this many likeliest tokens; 0: all' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l typical-p -d 'Keep the tokens of the most usual surprise that make up this probability; 1: all' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l top-p -d 'Keep the likeliest tokens that make up this probability; 1: all' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l min-p -d 'Keep tokens at least this likely, relative to the likeliest; 0: all' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l xtc-probability -d 'How often all likely tokens but the least likely of them are left out; 0: never' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l xtc-threshold -d 'Probability from which a token counts as likely for that' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l repeat-penalty -d 'Divides the logits of tokens that were there lately; 1: not at all' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l presence-penalty -d 'Taken from the logit of a token that was there lately' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l frequency-penalty -d 'Taken from the logit of a token for each time it was there lately' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l repeat-last-n -d 'Tokens that count as lately for these penalties; 0: all' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l dry-multiplier -d 'DRY: what a token loses that makes a repetition longer than allowed; 0: nothing' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l dry-base -d 'DRY: by how much that grows with each further token' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l dry-allowed-length -d 'DRY: tokens that may be repeated freely' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l dry-last-n -d 'DRY: tokens in which repetitions are looked for; 0: all' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l dry-breakers -d 'DRY: texts that no repetition reaches across; once for each' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l mirostat -d 'Version of Mirostat to keep the surprise constant, in place of leaving tokens out; 0: none' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l mirostat-tau -d 'Mirostat: the surprise to keep, in bits' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l mirostat-eta -d 'Mirostat: how fast it learns' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l logit-bias -d 'Added to logits, such as 15043-2.5 or \' Oh-inf\': ID+X or TEXT-X; once for each' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l stop -d 'Text that ends an answer and is no part of it; once for each' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l grammar -d 'Grammar that an answer must follow, in GBNF' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l grammar-file -d 'File with such a grammar' -r -F
complete -c eu -n "__fish_eu_using_subcommand chat" -l json-schema -d 'JSON schema that an answer must follow, or a file with one; {} is any JSON' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l draft -d 'Most tokens guessed from what was said before and checked together; 0: none' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand chat" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand chat" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand chat" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand chat" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand chat" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand chat" -l bench -d 'Measure how fast the model reads and writes, and end'
complete -c eu -n "__fish_eu_using_subcommand chat" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand chat" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand chat" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand chat" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand chat" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand chat" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand chat" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand chat" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand tour" -l dir -d 'Folder to make; without it eu-tour' -r -F
complete -c eu -n "__fish_eu_using_subcommand tour" -l minutes -d 'Minutes to train' -r
complete -c eu -n "__fish_eu_using_subcommand tour" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand tour" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand tour" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand tour" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand tour" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand tour" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand tour" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand tour" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand tour" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand tour" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand tour" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand tour" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand tour" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand tour" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand tour" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand init" -l langs -d 'Languages: codes or sets (eu24, europe), with commas between' -r
complete -c eu -n "__fish_eu_using_subcommand init" -l inputs -d 'Text to prepare; may be repeated' -r -F
complete -c eu -n "__fish_eu_using_subcommand init" -l data -d 'Folder for the prepared data' -r -F
complete -c eu -n "__fish_eu_using_subcommand init" -l run -d 'Run directory' -r -F
complete -c eu -n "__fish_eu_using_subcommand init" -l size -d 'Size of the model' -r -f -a "tiny\t''
small\t''
base\t''"
complete -c eu -n "__fish_eu_using_subcommand init" -l minutes -d 'Minutes to train; 0: one pass over the text' -r
complete -c eu -n "__fish_eu_using_subcommand init" -l type -d 'Type of the GGUF file' -r -f -a "f16\t''
bf16\t''
q8_0\t''
q6_k\t''
q5_k_m\t''
q5_k_s\t''
q5_1\t''
q5_0\t''
q4_k_m\t''
q4_k_s\t''
q4_1\t''
q4_0\t''
iq4_nl\t''
iq4_xs\t''
q3_k_l\t''
q3_k_m\t''
q3_k_s\t''
q2_k\t''"
complete -c eu -n "__fish_eu_using_subcommand init" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand init" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand init" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand init" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand init" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand init" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand init" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand init" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand init" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand init" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand init" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand init" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand init" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand init" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand pull" -l include -d 'Only files whose path matches; * and ? stand for any text and any character' -r
complete -c eu -n "__fish_eu_using_subcommand pull" -l revision -d 'Branch, tag or commit' -r
complete -c eu -n "__fish_eu_using_subcommand pull" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand pull" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand pull" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand pull" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand pull" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand pull" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand pull" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand pull" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand pull" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand pull" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand pull" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand pull" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand pull" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand pull" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand pull" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand inspect" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand inspect" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand inspect" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand inspect" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand inspect" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand inspect" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand inspect" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand inspect" -l check -d 'Read all weights as well: each has to be a number'
complete -c eu -n "__fish_eu_using_subcommand inspect" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand inspect" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand inspect" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand inspect" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand inspect" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand inspect" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand inspect" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand doctor" -l config -l recipe -d 'Show each setting of the five commands and where its value comes from' -r -F
complete -c eu -n "__fish_eu_using_subcommand doctor" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand doctor" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand doctor" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand doctor" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand doctor" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand doctor" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand doctor" -l ops -d 'Show how exact and how fast every operation is with every instruction set'
complete -c eu -n "__fish_eu_using_subcommand doctor" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand doctor" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand doctor" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand doctor" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand doctor" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand doctor" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand doctor" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand watch" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand watch" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand watch" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand watch" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand watch" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand watch" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand watch" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand watch" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand watch" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand watch" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand watch" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand watch" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand watch" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand watch" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand completions" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand completions" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand completions" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand completions" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand completions" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand completions" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand completions" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand completions" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand completions" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand completions" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand completions" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand completions" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand completions" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand completions" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand man" -l color -d 'When to colour; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c eu -n "__fish_eu_using_subcommand man" -l log-file -d 'Append everything that is said to FILE, with the time' -r -F
complete -c eu -n "__fish_eu_using_subcommand man" -l seed -d 'Seed of every random choice' -r
complete -c eu -n "__fish_eu_using_subcommand man" -l threads -d 'Threads; 0: one a core' -r
complete -c eu -n "__fish_eu_using_subcommand man" -l device -d 'Where the work is done' -r -f -a "auto\t'The fastest that is there'
cpu\t'The processor, with the instruction sets it has'
reference\t'Plain loops: slow, the measure of the others'"
complete -c eu -n "__fish_eu_using_subcommand man" -l cpu -d 'Instruction set of the processor; without it the best there is' -r -f -a "auto\t'The best there is'
amx\t'Tiles of bf16 (Intel AMX), and AVX-512'
avx512\t'Vectors of 512 bits'
avx2\t'Vectors of 256 bits with FMA'
neon\t'Vectors of 128 bits on Arm'
scalar\t'What every processor has'"
complete -c eu -n "__fish_eu_using_subcommand man" -l config -l recipe -d 'Read settings from a recipe' -r -F
complete -c eu -n "__fish_eu_using_subcommand man" -l json -d 'Print JSON on standard output: events where there are any, then one final object'
complete -c eu -n "__fish_eu_using_subcommand man" -s q -l quiet -d 'Say only warnings and errors'
complete -c eu -n "__fish_eu_using_subcommand man" -s v -l verbose -d 'Say more'
complete -c eu -n "__fish_eu_using_subcommand man" -s n -l dry-run -d 'Show what would be done: inputs, outputs, memory, time and disk'
complete -c eu -n "__fish_eu_using_subcommand man" -s f -l force -d 'Replace what exists'
complete -c eu -n "__fish_eu_using_subcommand man" -l offline -d 'Refuse to open connections'
complete -c eu -n "__fish_eu_using_subcommand man" -l plain -d 'No full screen and no moving bars: plain lines'
complete -c eu -n "__fish_eu_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c eu -n "__fish_eu_using_subcommand help; and not __fish_seen_subcommand_from prepare train eval quantize chat tour init pull inspect doctor watch completions man help" -f -a "prepare" -d 'Turn text into clean, deduplicated, balanced tokens and a tokenizer'
complete -c eu -n "__fish_eu_using_subcommand help; and not __fish_seen_subcommand_from prepare train eval quantize chat tour init pull inspect doctor watch completions man help" -f -a "train" -d 'Train a model from scratch on prepared text'
complete -c eu -n "__fish_eu_using_subcommand help; and not __fish_seen_subcommand_from prepare train eval quantize chat tour init pull inspect doctor watch completions man help" -f -a "eval" -d 'Score a model on text, in bits per byte, the worst language first'
complete -c eu -n "__fish_eu_using_subcommand help; and not __fish_seen_subcommand_from prepare train eval quantize chat tour init pull inspect doctor watch completions man help" -f -a "quantize" -d 'Write a model as a GGUF file in fewer bits'
complete -c eu -n "__fish_eu_using_subcommand help; and not __fish_seen_subcommand_from prepare train eval quantize chat tour init pull inspect doctor watch completions man help" -f -a "chat" -d 'Talk to a model, or continue a text'
complete -c eu -n "__fish_eu_using_subcommand help; and not __fish_seen_subcommand_from prepare train eval quantize chat tour init pull inspect doctor watch completions man help" -f -a "tour" -d 'See the whole walk on embedded text in every language, in a few minutes'
complete -c eu -n "__fish_eu_using_subcommand help; and not __fish_seen_subcommand_from prepare train eval quantize chat tour init pull inspect doctor watch completions man help" -f -a "init" -d 'Write a commented recipe after a few questions'
complete -c eu -n "__fish_eu_using_subcommand help; and not __fish_seen_subcommand_from prepare train eval quantize chat tour init pull inspect doctor watch completions man help" -f -a "pull" -d 'Fetch a model from the Hugging Face hub'
complete -c eu -n "__fish_eu_using_subcommand help; and not __fish_seen_subcommand_from prepare train eval quantize chat tour init pull inspect doctor watch completions man help" -f -a "inspect" -d 'Say what a file is, who its parents are and whether it is whole'
complete -c eu -n "__fish_eu_using_subcommand help; and not __fish_seen_subcommand_from prepare train eval quantize chat tour init pull inspect doctor watch completions man help" -f -a "doctor" -d 'Say what this machine can do and which settings apply'
complete -c eu -n "__fish_eu_using_subcommand help; and not __fish_seen_subcommand_from prepare train eval quantize chat tour init pull inspect doctor watch completions man help" -f -a "watch" -d 'Follow a training run, also one on another terminal'
complete -c eu -n "__fish_eu_using_subcommand help; and not __fish_seen_subcommand_from prepare train eval quantize chat tour init pull inspect doctor watch completions man help" -f -a "completions" -d 'Print the completion script of a shell'
complete -c eu -n "__fish_eu_using_subcommand help; and not __fish_seen_subcommand_from prepare train eval quantize chat tour init pull inspect doctor watch completions man help" -f -a "man" -d 'Print a manual page, or write all of them to a folder'
complete -c eu -n "__fish_eu_using_subcommand help; and not __fish_seen_subcommand_from prepare train eval quantize chat tour init pull inspect doctor watch completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c eu -n "__fish_eu_using_subcommand help; and __fish_seen_subcommand_from prepare" -f -a "extract" -d 'Take the main text and the facts out of web pages'
complete -c eu -n "__fish_eu_using_subcommand help; and __fish_seen_subcommand_from prepare" -f -a "lawful" -d 'Say of each record whether the people behind it allow its use, and who said so'
complete -c eu -n "__fish_eu_using_subcommand help; and __fish_seen_subcommand_from prepare" -f -a "identify" -d 'Add the language of each record'
complete -c eu -n "__fish_eu_using_subcommand help; and __fish_seen_subcommand_from prepare" -f -a "filter" -d 'Keep the records that pass the thresholds of their language'
complete -c eu -n "__fish_eu_using_subcommand help; and __fish_seen_subcommand_from prepare" -f -a "redact" -d 'Find personal data, and mask it'
complete -c eu -n "__fish_eu_using_subcommand help; and __fish_seen_subcommand_from prepare" -f -a "numbers" -d 'Check identity, tax, company and account numbers, each by the rules of its country'
complete -c eu -n "__fish_eu_using_subcommand help; and __fish_seen_subcommand_from prepare" -f -a "decontaminate" -d 'Keep the records that hold nothing of evaluation sets'
complete -c eu -n "__fish_eu_using_subcommand help; and __fish_seen_subcommand_from prepare" -f -a "dedup" -d 'Keep the first of records that are equal or nearly so'
complete -c eu -n "__fish_eu_using_subcommand help; and __fish_seen_subcommand_from prepare" -f -a "tokenizer" -d 'Train a vocabulary in which languages pay alike, and tell what each pays'
complete -c eu -n "__fish_eu_using_subcommand help; and __fish_seen_subcommand_from prepare" -f -a "encode" -d 'Give the token ids of each record\'s text'
complete -c eu -n "__fish_eu_using_subcommand help; and __fish_seen_subcommand_from prepare" -f -a "pack" -d 'Write the tokens of records, shuffled, a pair of files for each language and split'
complete -c eu -n "__fish_eu_using_subcommand help; and __fish_seen_subcommand_from prepare" -f -a "mix" -d 'Tell what share of a mix each language has, and how often its text is repeated'
complete -c eu -n "__fish_eu_using_subcommand help; and __fish_seen_subcommand_from prepare" -f -a "stats" -d 'Count records, bytes and words per language'
complete -c eu -n "__fish_eu_using_subcommand help; and __fish_seen_subcommand_from prepare" -f -a "explain" -d 'Say for each record, or one of a prepared folder, what every filter measured'
complete -c eu -n "__fish_eu_using_subcommand help; and __fish_seen_subcommand_from prepare" -f -a "whatif" -d 'Tell what each filter would drop, on a sample'
complete -c eu -n "__fish_eu_using_subcommand help; and __fish_seen_subcommand_from prepare" -f -a "calibrate" -d 'Derive thresholds from good text of your own'
complete -c eu -n "__fish_eu_using_subcommand help; and __fish_seen_subcommand_from prepare" -f -a "view" -d 'Look at the documents that stayed and those that were dropped, and why'
complete -c eu -n "__fish_eu_using_subcommand help; and __fish_seen_subcommand_from prepare" -f -a "langid-train" -d 'Make the identifier of languages anew (for those who work on it)'
