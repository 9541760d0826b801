
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'eu' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'eu'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'eu' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('prepare', 'prepare', [CompletionResultType]::ParameterValue, 'Turn text into clean, deduplicated, balanced tokens and a tokenizer')
            [CompletionResult]::new('train', 'train', [CompletionResultType]::ParameterValue, 'Train a model from scratch on prepared text')
            [CompletionResult]::new('eval', 'eval', [CompletionResultType]::ParameterValue, 'Score a model on text, in bits per byte, the worst language first')
            [CompletionResult]::new('quantize', 'quantize', [CompletionResultType]::ParameterValue, 'Write a model as a GGUF file in fewer bits')
            [CompletionResult]::new('chat', 'chat', [CompletionResultType]::ParameterValue, 'Talk to a model, or continue a text')
            [CompletionResult]::new('tour', 'tour', [CompletionResultType]::ParameterValue, 'See the whole walk on embedded text in every language, in a few minutes')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Write a commented recipe after a few questions')
            [CompletionResult]::new('pull', 'pull', [CompletionResultType]::ParameterValue, 'Fetch a model from the Hugging Face hub')
            [CompletionResult]::new('inspect', 'inspect', [CompletionResultType]::ParameterValue, 'Say what a file is, who its parents are and whether it is whole')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Say what this machine can do and which settings apply')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Follow a training run, also one on another terminal')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completion script of a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print a manual page, or write all of them to a folder')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'eu;prepare' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Folder to make')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Folder to make')
            [CompletionResult]::new('--heldout', '--heldout', [CompletionResultType]::ParameterName, 'Text to score on, never trained on; may be repeated')
            [CompletionResult]::new('--heldout-share', '--heldout-share', [CompletionResultType]::ParameterName, 'Share of each language set aside for scoring, without --heldout')
            [CompletionResult]::new('--parallel', '--parallel', [CompletionResultType]::ParameterName, 'Parallel text for the parity table: records with one id say one thing')
            [CompletionResult]::new('--steps', '--steps', [CompletionResultType]::ParameterName, 'Steps to take, with commas between: extract, lawful, identify, filter, decontaminate, redact, dedup, tokenizer, pack')
            [CompletionResult]::new('--langs', '--langs', [CompletionResultType]::ParameterName, 'Languages to keep: codes or sets (eu24, europe), with commas between')
            [CompletionResult]::new('--text-key', '--text-key', [CompletionResultType]::ParameterName, 'Field of a JSON record that holds its text')
            [CompletionResult]::new('--trust-labels', '--trust-labels', [CompletionResultType]::ParameterName, 'Take a record''s own language label where it has one')
            [CompletionResult]::new('--min-lang-prob', '--min-lang-prob', [CompletionResultType]::ParameterName, 'Least probability of the identified language')
            [CompletionResult]::new('--crawl-id', '--crawl-id', [CompletionResultType]::ParameterName, 'Name of the crawl, noted in the records made of its pages')
            [CompletionResult]::new('--comments', '--comments', [CompletionResultType]::ParameterName, 'Keep what readers wrote under a page''s text')
            [CompletionResult]::new('--robots', '--robots', [CompletionResultType]::ParameterName, 'Files of sites (robots.txt, tdmrep.json, ai.txt): a crawl of them, or lines of JSON')
            [CompletionResult]::new('--agents', '--agents', [CompletionResultType]::ParameterName, 'Crawlers as which robots.txt is read, or groups: hplt, train, all')
            [CompletionResult]::new('--checks', '--checks', [CompletionResultType]::ParameterName, 'Checks of lawfulness that are made, with commas between; without it all')
            [CompletionResult]::new('--licences', '--licences', [CompletionResultType]::ParameterName, 'Licences wanted and not wanted: lines such as `deny *-NC*`')
            [CompletionResult]::new('--block-lists', '--block-lists', [CompletionResultType]::ParameterName, 'Domains and addresses not wanted: a list, or folders as UT1 has them')
            [CompletionResult]::new('--thresholds', '--thresholds', [CompletionResultType]::ParameterName, 'Thresholds to lay over our own, such as `eu prepare calibrate` writes')
            [CompletionResult]::new('--families', '--families', [CompletionResultType]::ParameterName, 'Families of filters to judge by, with commas between')
            [CompletionResult]::new('--bad-words', '--bad-words', [CompletionResultType]::ParameterName, 'Words nobody wants, one a line')
            [CompletionResult]::new('--contamination', '--contamination', [CompletionResultType]::ParameterName, 'Evaluation sets that must not be trained on: files or folders of them')
            [CompletionResult]::new('--redact', '--redact', [CompletionResultType]::ParameterName, 'What is done with personal data')
            [CompletionResult]::new('--pii-key', '--pii-key', [CompletionResultType]::ParameterName, 'Secret under which pseudonyms are drawn: a file of random bytes')
            [CompletionResult]::new('--annotate', '--annotate', [CompletionResultType]::ParameterName, 'Note HPLT''s document scores in every record that stays')
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Judge quality with the per-language thresholds')
            [CompletionResult]::new('--dedup-lines', '--dedup-lines', [CompletionResultType]::ParameterName, 'Take out paragraphs that this many records of one site have, or a hundred times as many of all; 0: none')
            [CompletionResult]::new('--dedup-url', '--dedup-url', [CompletionResultType]::ParameterName, 'Remove records of one address, all but the newest')
            [CompletionResult]::new('--dedup-exact', '--dedup-exact', [CompletionResultType]::ParameterName, 'Remove records whose text is equal')
            [CompletionResult]::new('--dedup-fuzzy', '--dedup-fuzzy', [CompletionResultType]::ParameterName, 'Remove near-duplicates (MinHash)')
            [CompletionResult]::new('--minhash-bands', '--minhash-bands', [CompletionResultType]::ParameterName, 'Bands of the MinHash index')
            [CompletionResult]::new('--minhash-rows', '--minhash-rows', [CompletionResultType]::ParameterName, 'Rows of each band')
            [CompletionResult]::new('--minhash-ngram', '--minhash-ngram', [CompletionResultType]::ParameterName, 'Words of a shingle')
            [CompletionResult]::new('--budget-tokens', '--budget-tokens', [CompletionResultType]::ParameterName, 'Tokens of the mix over all languages; without it as many as there are')
            [CompletionResult]::new('--budget-bytes', '--budget-bytes', [CompletionResultType]::ParameterName, 'Bytes of text of the mix over all languages, instead of tokens')
            [CompletionResult]::new('--mix-unit', '--mix-unit', [CompletionResultType]::ParameterName, 'What the shares of languages are counted in')
            [CompletionResult]::new('--temperature', '--temperature', [CompletionResultType]::ParameterName, 'Shares in proportion to n^(1/T), 1 taking languages as they come; without it all alike')
            [CompletionResult]::new('--weights', '--weights', [CompletionResultType]::ParameterName, 'How much more (or less) than its share a language gets: de=0.5,mt=2')
            [CompletionResult]::new('--source-weights', '--source-weights', [CompletionResultType]::ParameterName, 'How often records of a source are packed, such as wiki=2,CC-MAIN-2019*=0.5')
            [CompletionResult]::new('--rehydrate', '--rehydrate', [CompletionResultType]::ParameterName, 'Pack a record that stands for copies more than once, by their number')
            [CompletionResult]::new('--max-premium', '--max-premium', [CompletionResultType]::ParameterName, 'Refuse a vocabulary that charges a language more than this many times English')
            [CompletionResult]::new('--max-epochs', '--max-epochs', [CompletionResultType]::ParameterName, 'How often the text of one language may be repeated at most')
            [CompletionResult]::new('--vocab-size', '--vocab-size', [CompletionResultType]::ParameterName, 'Tokens of the vocabulary to train')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Kind of vocabulary to train')
            [CompletionResult]::new('--pressure', '--pressure', [CompletionResultType]::ParameterName, 'How hard languages that pay more tokens than others are preferred; 0: plain BPE')
            [CompletionResult]::new('--tokenizer', '--tokenizer', [CompletionResultType]::ParameterName, 'An existing tokenizer.json to use instead of training one')
            [CompletionResult]::new('--parquet', '--parquet', [CompletionResultType]::ParameterName, 'Write the records as Parquet as well')
            [CompletionResult]::new('--layouts', '--layouts', [CompletionResultType]::ParameterName, 'Layouts of tokens, with commas between: megatron, datatrove, olmo')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory to keep to where there is a choice, such as 4G')
            [CompletionResult]::new('--unit-bytes', '--unit-bytes', [CompletionResultType]::ParameterName, 'Input of a piece of work, as stored: what a kill can cost at most')
            [CompletionResult]::new('--shard', '--shard', [CompletionResultType]::ParameterName, 'Read and judge only this share of the input (1/16 to 16/16); then once without, to merge')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('extract', 'extract', [CompletionResultType]::ParameterValue, 'Take the main text and the facts out of web pages')
            [CompletionResult]::new('lawful', 'lawful', [CompletionResultType]::ParameterValue, 'Say of each record whether the people behind it allow its use, and who said so')
            [CompletionResult]::new('identify', 'identify', [CompletionResultType]::ParameterValue, 'Add the language of each record')
            [CompletionResult]::new('filter', 'filter', [CompletionResultType]::ParameterValue, 'Keep the records that pass the thresholds of their language')
            [CompletionResult]::new('redact', 'redact', [CompletionResultType]::ParameterValue, 'Find personal data, and mask it')
            [CompletionResult]::new('numbers', 'numbers', [CompletionResultType]::ParameterValue, 'Check identity, tax, company and account numbers, each by the rules of its country')
            [CompletionResult]::new('decontaminate', 'decontaminate', [CompletionResultType]::ParameterValue, 'Keep the records that hold nothing of evaluation sets')
            [CompletionResult]::new('dedup', 'dedup', [CompletionResultType]::ParameterValue, 'Keep the first of records that are equal or nearly so')
            [CompletionResult]::new('tokenizer', 'tokenizer', [CompletionResultType]::ParameterValue, 'Train a vocabulary in which languages pay alike, and tell what each pays')
            [CompletionResult]::new('encode', 'encode', [CompletionResultType]::ParameterValue, 'Give the token ids of each record''s text')
            [CompletionResult]::new('pack', 'pack', [CompletionResultType]::ParameterValue, 'Write the tokens of records, shuffled, a pair of files for each language and split')
            [CompletionResult]::new('mix', 'mix', [CompletionResultType]::ParameterValue, 'Tell what share of a mix each language has, and how often its text is repeated')
            [CompletionResult]::new('stats', 'stats', [CompletionResultType]::ParameterValue, 'Count records, bytes and words per language')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Say for each record, or one of a prepared folder, what every filter measured')
            [CompletionResult]::new('whatif', 'whatif', [CompletionResultType]::ParameterValue, 'Tell what each filter would drop, on a sample')
            [CompletionResult]::new('calibrate', 'calibrate', [CompletionResultType]::ParameterValue, 'Derive thresholds from good text of your own')
            [CompletionResult]::new('view', 'view', [CompletionResultType]::ParameterValue, 'Look at the documents that stayed and those that were dropped, and why')
            [CompletionResult]::new('langid-train', 'langid-train', [CompletionResultType]::ParameterValue, 'Make the identifier of languages anew (for those who work on it)')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'eu;prepare;extract' {
            [CompletionResult]::new('--text-key', '--text-key', [CompletionResultType]::ParameterName, 'Field of a JSON record that holds its text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;prepare;lawful' {
            [CompletionResult]::new('--text-key', '--text-key', [CompletionResultType]::ParameterName, 'Field of a JSON record that holds its text')
            [CompletionResult]::new('--hosts', '--hosts', [CompletionResultType]::ParameterName, 'Files of sites (robots.txt, tdmrep.json, ai.txt): a crawl of them, or lines of JSON')
            [CompletionResult]::new('--agents', '--agents', [CompletionResultType]::ParameterName, 'Crawlers as which robots.txt is read, or groups: hplt, train, all')
            [CompletionResult]::new('--checks', '--checks', [CompletionResultType]::ParameterName, 'Checks that are made, with commas between; without it all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;prepare;identify' {
            [CompletionResult]::new('--text-key', '--text-key', [CompletionResultType]::ParameterName, 'Field of a JSON record that holds its text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;prepare;filter' {
            [CompletionResult]::new('--text-key', '--text-key', [CompletionResultType]::ParameterName, 'Field of a JSON record that holds its text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;prepare;redact' {
            [CompletionResult]::new('--text-key', '--text-key', [CompletionResultType]::ParameterName, 'Field of a JSON record that holds its text')
            [CompletionResult]::new('--mode', '--mode', [CompletionResultType]::ParameterName, 'What is done with what is found')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Secret under which pseudonyms are drawn: a file of random bytes')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;prepare;numbers' {
            [CompletionResult]::new('--text-key', '--text-key', [CompletionResultType]::ParameterName, 'Field of a JSON record that holds its text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;prepare;decontaminate' {
            [CompletionResult]::new('--text-key', '--text-key', [CompletionResultType]::ParameterName, 'Field of a JSON record that holds its text')
            [CompletionResult]::new('--against', '--against', [CompletionResultType]::ParameterName, 'Evaluation sets: files or folders of JSONL, JSON, TSV, or the index made of them')
            [CompletionResult]::new('--index', '--index', [CompletionResultType]::ParameterName, 'Make the index of evaluation sets, which FILE then names, and write it here: FILE.eui')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--mark', '--mark', [CompletionResultType]::ParameterName, 'Keep all records, with `contaminated` in each')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;prepare;dedup' {
            [CompletionResult]::new('--text-key', '--text-key', [CompletionResultType]::ParameterName, 'Field of a JSON record that holds its text')
            [CompletionResult]::new('--sketch', '--sketch', [CompletionResultType]::ParameterName, 'Only write the sketches that copies are found by, into this folder')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;prepare;tokenizer' {
            [CompletionResult]::new('--text-key', '--text-key', [CompletionResultType]::ParameterName, 'Field of a JSON record that holds its text')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Folder for the tokenizer.json')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Folder for the tokenizer.json')
            [CompletionResult]::new('--vocab-size', '--vocab-size', [CompletionResultType]::ParameterName, 'Tokens of the vocabulary')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Kind of vocabulary')
            [CompletionResult]::new('--parallel', '--parallel', [CompletionResultType]::ParameterName, 'Texts in several languages that say the same under the same id: tells what each pays')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'Take all text as it comes, whatever its language')
            [CompletionResult]::new('--compare', '--compare', [CompletionResultType]::ParameterName, 'Train plain BPE of the same size on the same sample too, and put both side by side')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;prepare;encode' {
            [CompletionResult]::new('--text-key', '--text-key', [CompletionResultType]::ParameterName, 'Field of a JSON record that holds its text')
            [CompletionResult]::new('--tokenizer', '--tokenizer', [CompletionResultType]::ParameterName, 'The vocabulary: a tokenizer.json')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Tell how many ids there are and their hash, instead of the ids')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;prepare;pack' {
            [CompletionResult]::new('--text-key', '--text-key', [CompletionResultType]::ParameterName, 'Field of a JSON record that holds its text')
            [CompletionResult]::new('--tokenizer', '--tokenizer', [CompletionResultType]::ParameterName, 'The vocabulary: a tokenizer.json')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Folder to make')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Folder to make')
            [CompletionResult]::new('--layouts', '--layouts', [CompletionResultType]::ParameterName, 'Layouts of tokens, with commas between: megatron, datatrove, olmo')
            [CompletionResult]::new('--heldout-share', '--heldout-share', [CompletionResultType]::ParameterName, 'Share of each language set aside for scoring')
            [CompletionResult]::new('--source-weights', '--source-weights', [CompletionResultType]::ParameterName, 'How often records of a source are packed, such as wiki=2,CC-MAIN-2019*=0.5')
            [CompletionResult]::new('--rehydrate', '--rehydrate', [CompletionResultType]::ParameterName, 'Pack a record that stands for copies more than once, by their number')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;prepare;mix' {
            [CompletionResult]::new('--text-key', '--text-key', [CompletionResultType]::ParameterName, 'Field of a JSON record that holds its text')
            [CompletionResult]::new('--tokenizer', '--tokenizer', [CompletionResultType]::ParameterName, 'The vocabulary: tells the tokens of records, and the bytes of token files')
            [CompletionResult]::new('--mix-unit', '--mix-unit', [CompletionResultType]::ParameterName, 'What the shares of languages are counted in')
            [CompletionResult]::new('--temperature', '--temperature', [CompletionResultType]::ParameterName, 'Shares in proportion to n^(1/T), 1 taking languages as they come; without it all alike')
            [CompletionResult]::new('--weights', '--weights', [CompletionResultType]::ParameterName, 'How much more (or less) than its share a language gets: de=0.5,mt=2')
            [CompletionResult]::new('--budget-tokens', '--budget-tokens', [CompletionResultType]::ParameterName, 'Tokens of the mix over all languages; without it as many as there are')
            [CompletionResult]::new('--budget-bytes', '--budget-bytes', [CompletionResultType]::ParameterName, 'Bytes of text of the mix over all languages, instead of tokens')
            [CompletionResult]::new('--max-epochs', '--max-epochs', [CompletionResultType]::ParameterName, 'How often the text of one language may be repeated at most')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;prepare;stats' {
            [CompletionResult]::new('--text-key', '--text-key', [CompletionResultType]::ParameterName, 'Field of a JSON record that holds its text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;prepare;explain' {
            [CompletionResult]::new('--text-key', '--text-key', [CompletionResultType]::ParameterName, 'Field of a JSON record that holds its text')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'The prepared folder in which the record of this id is looked for')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;prepare;whatif' {
            [CompletionResult]::new('--text-key', '--text-key', [CompletionResultType]::ParameterName, 'Field of a JSON record that holds its text')
            [CompletionResult]::new('--sample', '--sample', [CompletionResultType]::ParameterName, 'Share of the records that is looked at, the same ones every time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;prepare;calibrate' {
            [CompletionResult]::new('--text-key', '--text-key', [CompletionResultType]::ParameterName, 'Field of a JSON record that holds its text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;prepare;view' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;prepare;langid-train' {
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'Texts that must not be learnt, because they judge the result; may be repeated')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'File to write')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'File to write')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;prepare;help' {
            [CompletionResult]::new('extract', 'extract', [CompletionResultType]::ParameterValue, 'Take the main text and the facts out of web pages')
            [CompletionResult]::new('lawful', 'lawful', [CompletionResultType]::ParameterValue, 'Say of each record whether the people behind it allow its use, and who said so')
            [CompletionResult]::new('identify', 'identify', [CompletionResultType]::ParameterValue, 'Add the language of each record')
            [CompletionResult]::new('filter', 'filter', [CompletionResultType]::ParameterValue, 'Keep the records that pass the thresholds of their language')
            [CompletionResult]::new('redact', 'redact', [CompletionResultType]::ParameterValue, 'Find personal data, and mask it')
            [CompletionResult]::new('numbers', 'numbers', [CompletionResultType]::ParameterValue, 'Check identity, tax, company and account numbers, each by the rules of its country')
            [CompletionResult]::new('decontaminate', 'decontaminate', [CompletionResultType]::ParameterValue, 'Keep the records that hold nothing of evaluation sets')
            [CompletionResult]::new('dedup', 'dedup', [CompletionResultType]::ParameterValue, 'Keep the first of records that are equal or nearly so')
            [CompletionResult]::new('tokenizer', 'tokenizer', [CompletionResultType]::ParameterValue, 'Train a vocabulary in which languages pay alike, and tell what each pays')
            [CompletionResult]::new('encode', 'encode', [CompletionResultType]::ParameterValue, 'Give the token ids of each record''s text')
            [CompletionResult]::new('pack', 'pack', [CompletionResultType]::ParameterValue, 'Write the tokens of records, shuffled, a pair of files for each language and split')
            [CompletionResult]::new('mix', 'mix', [CompletionResultType]::ParameterValue, 'Tell what share of a mix each language has, and how often its text is repeated')
            [CompletionResult]::new('stats', 'stats', [CompletionResultType]::ParameterValue, 'Count records, bytes and words per language')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Say for each record, or one of a prepared folder, what every filter measured')
            [CompletionResult]::new('whatif', 'whatif', [CompletionResultType]::ParameterValue, 'Tell what each filter would drop, on a sample')
            [CompletionResult]::new('calibrate', 'calibrate', [CompletionResultType]::ParameterValue, 'Derive thresholds from good text of your own')
            [CompletionResult]::new('view', 'view', [CompletionResultType]::ParameterValue, 'Look at the documents that stayed and those that were dropped, and why')
            [CompletionResult]::new('langid-train', 'langid-train', [CompletionResultType]::ParameterValue, 'Make the identifier of languages anew (for those who work on it)')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'eu;prepare;help;extract' {
            break
        }
        'eu;prepare;help;lawful' {
            break
        }
        'eu;prepare;help;identify' {
            break
        }
        'eu;prepare;help;filter' {
            break
        }
        'eu;prepare;help;redact' {
            break
        }
        'eu;prepare;help;numbers' {
            break
        }
        'eu;prepare;help;decontaminate' {
            break
        }
        'eu;prepare;help;dedup' {
            break
        }
        'eu;prepare;help;tokenizer' {
            break
        }
        'eu;prepare;help;encode' {
            break
        }
        'eu;prepare;help;pack' {
            break
        }
        'eu;prepare;help;mix' {
            break
        }
        'eu;prepare;help;stats' {
            break
        }
        'eu;prepare;help;explain' {
            break
        }
        'eu;prepare;help;whatif' {
            break
        }
        'eu;prepare;help;calibrate' {
            break
        }
        'eu;prepare;help;view' {
            break
        }
        'eu;prepare;help;langid-train' {
            break
        }
        'eu;prepare;help;help' {
            break
        }
        'eu;train' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Run directory to make or to resume')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Run directory to make or to resume')
            [CompletionResult]::new('--resume', '--resume', [CompletionResultType]::ParameterName, 'Go on from the newest whole checkpoint of the run directory')
            [CompletionResult]::new('--steps', '--steps', [CompletionResultType]::ParameterName, 'Optimiser steps; without it one pass over the mix, or what fits --minutes')
            [CompletionResult]::new('--minutes', '--minutes', [CompletionResultType]::ParameterName, 'Minutes to train; the number of steps is measured at the start and then fixed')
            [CompletionResult]::new('--d-model', '--d-model', [CompletionResultType]::ParameterName, 'Width of the residual stream')
            [CompletionResult]::new('--n-layers', '--n-layers', [CompletionResultType]::ParameterName, 'Decoder layers')
            [CompletionResult]::new('--layers', '--layers', [CompletionResultType]::ParameterName, 'Decoder layers')
            [CompletionResult]::new('--n-heads', '--n-heads', [CompletionResultType]::ParameterName, 'Query heads')
            [CompletionResult]::new('--heads', '--heads', [CompletionResultType]::ParameterName, 'Query heads')
            [CompletionResult]::new('--n-kv-heads', '--n-kv-heads', [CompletionResultType]::ParameterName, 'Key and value heads; divides --n-heads')
            [CompletionResult]::new('--kv-heads', '--kv-heads', [CompletionResultType]::ParameterName, 'Key and value heads; divides --n-heads')
            [CompletionResult]::new('--d-ff', '--d-ff', [CompletionResultType]::ParameterName, 'Width inside the feed-forward block')
            [CompletionResult]::new('--ff', '--ff', [CompletionResultType]::ParameterName, 'Width inside the feed-forward block')
            [CompletionResult]::new('--tied', '--tied', [CompletionResultType]::ParameterName, 'Use the embedding as output matrix too')
            [CompletionResult]::new('--rope-theta', '--rope-theta', [CompletionResultType]::ParameterName, 'Base of the rotary angles')
            [CompletionResult]::new('--norm-eps', '--norm-eps', [CompletionResultType]::ParameterName, 'Epsilon of RMSNorm')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Tokens of a sequence')
            [CompletionResult]::new('--seq', '--seq', [CompletionResultType]::ParameterName, 'Tokens of a sequence')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Sequences of one optimiser step')
            [CompletionResult]::new('--micro-batch', '--micro-batch', [CompletionResultType]::ParameterName, 'Sequences computed at once; divides --batch; 0: all')
            [CompletionResult]::new('--lr', '--lr', [CompletionResultType]::ParameterName, 'Peak learning rate')
            [CompletionResult]::new('--min-lr-share', '--min-lr-share', [CompletionResultType]::ParameterName, 'Learning rate at the end, as a share of the peak')
            [CompletionResult]::new('--schedule', '--schedule', [CompletionResultType]::ParameterName, 'Course of the learning rate')
            [CompletionResult]::new('--warmup-share', '--warmup-share', [CompletionResultType]::ParameterName, 'Share of the steps that warm up')
            [CompletionResult]::new('--decay-share', '--decay-share', [CompletionResultType]::ParameterName, 'Share of the steps that decay (wsd)')
            [CompletionResult]::new('--optimizer', '--optimizer', [CompletionResultType]::ParameterName, 'Who moves the weights: adamw, or muon for the matrices inside of layers')
            [CompletionResult]::new('--momentum', '--momentum', [CompletionResultType]::ParameterName, 'Share of its momentum that Muon keeps each step')
            [CompletionResult]::new('--beta1', '--beta1', [CompletionResultType]::ParameterName, 'AdamW''s first moment decay')
            [CompletionResult]::new('--beta2', '--beta2', [CompletionResultType]::ParameterName, 'AdamW''s second moment decay')
            [CompletionResult]::new('--adam-eps', '--adam-eps', [CompletionResultType]::ParameterName, 'AdamW''s epsilon')
            [CompletionResult]::new('--weight-decay', '--weight-decay', [CompletionResultType]::ParameterName, 'Weight decay of matrices')
            [CompletionResult]::new('--clip', '--clip', [CompletionResultType]::ParameterName, 'Largest gradient norm; 0: no clipping')
            [CompletionResult]::new('--precision', '--precision', [CompletionResultType]::ParameterName, 'What activations and products are computed in; the rest is f32')
            [CompletionResult]::new('--recompute', '--recompute', [CompletionResultType]::ParameterName, 'Layers computed again on the way back instead of being kept: less memory, more time')
            [CompletionResult]::new('--document-mask', '--document-mask', [CompletionResultType]::ParameterName, 'Tokens do not see documents before their own')
            [CompletionResult]::new('--eval-every', '--eval-every', [CompletionResultType]::ParameterName, 'Steps between scores on held-out text; 0: only at the start and the end')
            [CompletionResult]::new('--eval-tokens', '--eval-tokens', [CompletionResultType]::ParameterName, 'Most held-out tokens scored per language during training; 0: all')
            [CompletionResult]::new('--checkpoint-every', '--checkpoint-every', [CompletionResultType]::ParameterName, 'Steps between checkpoints; 0: only at the end')
            [CompletionResult]::new('--keep-checkpoints', '--keep-checkpoints', [CompletionResultType]::ParameterName, 'Checkpoints kept; 0: all')
            [CompletionResult]::new('--vocab', '--vocab', [CompletionResultType]::ParameterName, 'Tokens of the vocabulary, for --bench')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--bench', '--bench', [CompletionResultType]::ParameterName, 'Time steps on random tokens instead of training; reads and writes no file')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;eval' {
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'Text to score on: a prepared folder (its held-out text), or files of records')
            [CompletionResult]::new('--contamination', '--contamination', [CompletionResultType]::ParameterName, 'Score texts that hold an item of these apart too: evaluation sets, or an index (.eui). Without it, of a run, the items that were met in its own training text')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Folder for results_*.json')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Folder for results_*.json')
            [CompletionResult]::new('--langs', '--langs', [CompletionResultType]::ParameterName, 'Languages to score: codes or sets, with commas between')
            [CompletionResult]::new('--max-bytes', '--max-bytes', [CompletionResultType]::ParameterName, 'Most bytes of text scored per language; 0: all')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Largest context used; 0: the model''s own')
            [CompletionResult]::new('--precision', '--precision', [CompletionResultType]::ParameterName, 'What activations and products are computed in')
            [CompletionResult]::new('--max-worst-bpb', '--max-worst-bpb', [CompletionResultType]::ParameterName, 'Fail (exit code 5) when the worst language needs more bits per byte')
            [CompletionResult]::new('--against', '--against', [CompletionResultType]::ParameterName, 'Tell what the model lost beside this one, of the same vocabulary, on the same text')
            [CompletionResult]::new('--max-kld', '--max-kld', [CompletionResultType]::ParameterName, 'Fail (exit code 5) when the mean KL divergence of a language is more nats per token')
            [CompletionResult]::new('--plot', '--plot', [CompletionResultType]::ParameterName, 'SVG picture of what each language lost')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;quantize' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'GGUF file to write; without it model-TYPE.gguf beside the model')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'GGUF file to write; without it model-TYPE.gguf beside the model')
            [CompletionResult]::new('--type', '--type', [CompletionResultType]::ParameterName, 'Type of the file')
            [CompletionResult]::new('--tensor', '--tensor', [CompletionResultType]::ParameterName, 'Type of the tensors whose name in the file REGEX meets; of several rules the first counts')
            [CompletionResult]::new('--output-type', '--output-type', [CompletionResultType]::ParameterName, 'Type of the output matrix, or of the embedding that serves as such')
            [CompletionResult]::new('--embedding-type', '--embedding-type', [CompletionResultType]::ParameterName, 'Type of the token embedding')
            [CompletionResult]::new('--pure', '--pure', [CompletionResultType]::ParameterName, 'Give every matrix the type the file is named for, and none more bits')
            [CompletionResult]::new('--imatrix', '--imatrix', [CompletionResultType]::ParameterName, 'Importance of columns, as llama.cpp writes it: errors count more where it is large')
            [CompletionResult]::new('--importance-data', '--importance-data', [CompletionResultType]::ParameterName, 'Text to compute importance from: a prepared folder, or files of records')
            [CompletionResult]::new('--importance-tokens', '--importance-tokens', [CompletionResultType]::ParameterName, 'Tokens of that text to read, from each language the same number')
            [CompletionResult]::new('--importance-output', '--importance-output', [CompletionResultType]::ParameterName, 'Compute importance of the output matrix too')
            [CompletionResult]::new('--importance-only', '--importance-only', [CompletionResultType]::ParameterName, 'Compute importance, and make no file of a model')
            [CompletionResult]::new('--imatrix-out', '--imatrix-out', [CompletionResultType]::ParameterName, 'File of importance to write, once it is computed')
            [CompletionResult]::new('--target-bpw', '--target-bpw', [CompletionResultType]::ParameterName, 'Most bits a weight: types are chosen so that the language which loses most loses least')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'Text to compare before and after on: a prepared folder, or files of records')
            [CompletionResult]::new('--max-kld', '--max-kld', [CompletionResultType]::ParameterName, 'Fail (exit code 5) when the mean KL divergence of a language from the model is more nats per token; the file stays')
            [CompletionResult]::new('--max-worst-bpb', '--max-worst-bpb', [CompletionResultType]::ParameterName, 'Fail (exit code 5) when the worst language needs more bits per byte of the file')
            [CompletionResult]::new('--plot', '--plot', [CompletionResultType]::ParameterName, 'SVG picture of what each language lost')
            [CompletionResult]::new('--precision', '--precision', [CompletionResultType]::ParameterName, 'What text is scored in: f32, or bf16, which is faster and as `eu chat` computes')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;chat' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Answer TEXT and end; what is piped in stands before it')
            [CompletionResult]::new('--prompt', '--prompt', [CompletionResultType]::ParameterName, 'Answer TEXT and end; what is piped in stands before it')
            [CompletionResult]::new('--prompts', '--prompts', [CompletionResultType]::ParameterName, 'Answer each line of a file, {"prompt": TEXT} or {"messages": […]}, with a line; -: standard input')
            [CompletionResult]::new('--parallel', '--parallel', [CompletionResultType]::ParameterName, 'Answers written side by side, with --prompts or --serve')
            [CompletionResult]::new('--logprobs', '--logprobs', [CompletionResultType]::ParameterName, 'Tell each token, and this many of the likeliest in its place, with their log-probabilities; with --json or --prompts')
            [CompletionResult]::new('--prefill', '--prefill', [CompletionResultType]::ParameterName, 'Tokens to read, with --bench')
            [CompletionResult]::new('--decode', '--decode', [CompletionResultType]::ParameterName, 'Tokens to write after them, with --bench')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Texts side by side, with --bench')
            [CompletionResult]::new('--repeat', '--repeat', [CompletionResultType]::ParameterName, 'Times that all is done, with --bench; the best counts')
            [CompletionResult]::new('--serve', '--serve', [CompletionResultType]::ParameterName, 'Answer over HTTP as OpenAI''s API does, until stopped; port 0: any that is free')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Answers that may wait for a place, with --serve; with more, requests are refused')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with a token a line that clients have to send; without one only this machine is served')
            [CompletionResult]::new('--model-name', '--model-name', [CompletionResultType]::ParameterName, 'What clients call the model; otherwise as its file is called')
            [CompletionResult]::new('--token-limit', '--token-limit', [CompletionResultType]::ParameterName, 'Most tokens of an answer, whatever a client asks for; 0: as many as the context holds')
            [CompletionResult]::new('--max-body', '--max-body', [CompletionResultType]::ParameterName, 'Largest request in MiB')
            [CompletionResult]::new('--patience', '--patience', [CompletionResultType]::ParameterName, 'Seconds that a request may take to come, and a reader to take nothing of an answer')
            [CompletionResult]::new('--raw', '--raw', [CompletionResultType]::ParameterName, 'Continue text as it is, without a chat template')
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'System prompt of the conversation')
            [CompletionResult]::new('--template-arg', '--template-arg', [CompletionResultType]::ParameterName, 'Tell the chat template something beside the conversation: enable_thinking=false')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language to answer in, as de, deu or deu_Latn; with -p an answer in another fails')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Go on with a kept conversation (last: the one last spoken in), or begin it')
            [CompletionResult]::new('--no-history', '--no-history', [CompletionResultType]::ParameterName, 'Keep neither the conversation nor questions')
            [CompletionResult]::new('--max-tokens', '--max-tokens', [CompletionResultType]::ParameterName, 'Most tokens to generate; 0: until the context is full')
            [CompletionResult]::new('--kv', '--kv', [CompletionResultType]::ParameterName, 'What keys and values are kept in; q8_0 takes half the room of a long text')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Largest context used; 0: the model''s own')
            [CompletionResult]::new('--context-shift', '--context-shift', [CompletionResultType]::ParameterName, 'Forget the oldest half of a full context and go on, in place of ending there')
            [CompletionResult]::new('--precision', '--precision', [CompletionResultType]::ParameterName, 'What activations and products are computed in; bf16 halves what is read for each token')
            [CompletionResult]::new('--temperature', '--temperature', [CompletionResultType]::ParameterName, 'Divides the logits; 0: always the likeliest token')
            [CompletionResult]::new('--dynatemp-range', '--dynatemp-range', [CompletionResultType]::ParameterName, 'How far the temperature goes below and above, by how sure the model is; 0: not at all')
            [CompletionResult]::new('--dynatemp-exponent', '--dynatemp-exponent', [CompletionResultType]::ParameterName, 'Above 1 the temperature rises later with doubt, below 1 sooner')
            [CompletionResult]::new('--top-n-sigma', '--top-n-sigma', [CompletionResultType]::ParameterName, 'Keep tokens within this many standard deviations of the highest logit; 0: all')
            [CompletionResult]::new('--top-k', '--top-k', [CompletionResultType]::ParameterName, 'Keep this many likeliest tokens; 0: all')
            [CompletionResult]::new('--typical-p', '--typical-p', [CompletionResultType]::ParameterName, 'Keep the tokens of the most usual surprise that make up this probability; 1: all')
            [CompletionResult]::new('--top-p', '--top-p', [CompletionResultType]::ParameterName, 'Keep the likeliest tokens that make up this probability; 1: all')
            [CompletionResult]::new('--min-p', '--min-p', [CompletionResultType]::ParameterName, 'Keep tokens at least this likely, relative to the likeliest; 0: all')
            [CompletionResult]::new('--xtc-probability', '--xtc-probability', [CompletionResultType]::ParameterName, 'How often all likely tokens but the least likely of them are left out; 0: never')
            [CompletionResult]::new('--xtc-threshold', '--xtc-threshold', [CompletionResultType]::ParameterName, 'Probability from which a token counts as likely for that')
            [CompletionResult]::new('--repeat-penalty', '--repeat-penalty', [CompletionResultType]::ParameterName, 'Divides the logits of tokens that were there lately; 1: not at all')
            [CompletionResult]::new('--presence-penalty', '--presence-penalty', [CompletionResultType]::ParameterName, 'Taken from the logit of a token that was there lately')
            [CompletionResult]::new('--frequency-penalty', '--frequency-penalty', [CompletionResultType]::ParameterName, 'Taken from the logit of a token for each time it was there lately')
            [CompletionResult]::new('--repeat-last-n', '--repeat-last-n', [CompletionResultType]::ParameterName, 'Tokens that count as lately for these penalties; 0: all')
            [CompletionResult]::new('--dry-multiplier', '--dry-multiplier', [CompletionResultType]::ParameterName, 'DRY: what a token loses that makes a repetition longer than allowed; 0: nothing')
            [CompletionResult]::new('--dry-base', '--dry-base', [CompletionResultType]::ParameterName, 'DRY: by how much that grows with each further token')
            [CompletionResult]::new('--dry-allowed-length', '--dry-allowed-length', [CompletionResultType]::ParameterName, 'DRY: tokens that may be repeated freely')
            [CompletionResult]::new('--dry-last-n', '--dry-last-n', [CompletionResultType]::ParameterName, 'DRY: tokens in which repetitions are looked for; 0: all')
            [CompletionResult]::new('--dry-breakers', '--dry-breakers', [CompletionResultType]::ParameterName, 'DRY: texts that no repetition reaches across; once for each')
            [CompletionResult]::new('--mirostat', '--mirostat', [CompletionResultType]::ParameterName, 'Version of Mirostat to keep the surprise constant, in place of leaving tokens out; 0: none')
            [CompletionResult]::new('--mirostat-tau', '--mirostat-tau', [CompletionResultType]::ParameterName, 'Mirostat: the surprise to keep, in bits')
            [CompletionResult]::new('--mirostat-eta', '--mirostat-eta', [CompletionResultType]::ParameterName, 'Mirostat: how fast it learns')
            [CompletionResult]::new('--logit-bias', '--logit-bias', [CompletionResultType]::ParameterName, 'Added to logits, such as 15043-2.5 or '' Oh-inf'': ID+X or TEXT-X; once for each')
            [CompletionResult]::new('--stop', '--stop', [CompletionResultType]::ParameterName, 'Text that ends an answer and is no part of it; once for each')
            [CompletionResult]::new('--grammar', '--grammar', [CompletionResultType]::ParameterName, 'Grammar that an answer must follow, in GBNF')
            [CompletionResult]::new('--grammar-file', '--grammar-file', [CompletionResultType]::ParameterName, 'File with such a grammar')
            [CompletionResult]::new('--json-schema', '--json-schema', [CompletionResultType]::ParameterName, 'JSON schema that an answer must follow, or a file with one; {} is any JSON')
            [CompletionResult]::new('--draft', '--draft', [CompletionResultType]::ParameterName, 'Most tokens guessed from what was said before and checked together; 0: none')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--bench', '--bench', [CompletionResultType]::ParameterName, 'Measure how fast the model reads and writes, and end')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;tour' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Folder to make; without it eu-tour')
            [CompletionResult]::new('--minutes', '--minutes', [CompletionResultType]::ParameterName, 'Minutes to train')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;init' {
            [CompletionResult]::new('--langs', '--langs', [CompletionResultType]::ParameterName, 'Languages: codes or sets (eu24, europe), with commas between')
            [CompletionResult]::new('--inputs', '--inputs', [CompletionResultType]::ParameterName, 'Text to prepare; may be repeated')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'Folder for the prepared data')
            [CompletionResult]::new('--run', '--run', [CompletionResultType]::ParameterName, 'Run directory')
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'Size of the model')
            [CompletionResult]::new('--minutes', '--minutes', [CompletionResultType]::ParameterName, 'Minutes to train; 0: one pass over the text')
            [CompletionResult]::new('--type', '--type', [CompletionResultType]::ParameterName, 'Type of the GGUF file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;pull' {
            [CompletionResult]::new('--include', '--include', [CompletionResultType]::ParameterName, 'Only files whose path matches; * and ? stand for any text and any character')
            [CompletionResult]::new('--revision', '--revision', [CompletionResultType]::ParameterName, 'Branch, tag or commit')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;inspect' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Read all weights as well: each has to be a number')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;doctor' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Show each setting of the five commands and where its value comes from')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Show each setting of the five commands and where its value comes from')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--ops', '--ops', [CompletionResultType]::ParameterName, 'Show how exact and how fast every operation is with every instruction set')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;watch' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;completions' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;man' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour; NO_COLOR is obeyed')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that is said to FILE, with the time')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads; 0: one a core')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Where the work is done')
            [CompletionResult]::new('--cpu', '--cpu', [CompletionResultType]::ParameterName, 'Instruction set of the processor; without it the best there is')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--recipe', '--recipe', [CompletionResultType]::ParameterName, 'Read settings from a recipe')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON on standard output: events where there are any, then one final object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done: inputs, outputs, memory, time and disk')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace what exists')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Refuse to open connections')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'No full screen and no moving bars: plain lines')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'eu;help' {
            [CompletionResult]::new('prepare', 'prepare', [CompletionResultType]::ParameterValue, 'Turn text into clean, deduplicated, balanced tokens and a tokenizer')
            [CompletionResult]::new('train', 'train', [CompletionResultType]::ParameterValue, 'Train a model from scratch on prepared text')
            [CompletionResult]::new('eval', 'eval', [CompletionResultType]::ParameterValue, 'Score a model on text, in bits per byte, the worst language first')
            [CompletionResult]::new('quantize', 'quantize', [CompletionResultType]::ParameterValue, 'Write a model as a GGUF file in fewer bits')
            [CompletionResult]::new('chat', 'chat', [CompletionResultType]::ParameterValue, 'Talk to a model, or continue a text')
            [CompletionResult]::new('tour', 'tour', [CompletionResultType]::ParameterValue, 'See the whole walk on embedded text in every language, in a few minutes')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Write a commented recipe after a few questions')
            [CompletionResult]::new('pull', 'pull', [CompletionResultType]::ParameterValue, 'Fetch a model from the Hugging Face hub')
            [CompletionResult]::new('inspect', 'inspect', [CompletionResultType]::ParameterValue, 'Say what a file is, who its parents are and whether it is whole')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Say what this machine can do and which settings apply')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Follow a training run, also one on another terminal')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completion script of a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print a manual page, or write all of them to a folder')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'eu;help;prepare' {
            [CompletionResult]::new('extract', 'extract', [CompletionResultType]::ParameterValue, 'Take the main text and the facts out of web pages')
            [CompletionResult]::new('lawful', 'lawful', [CompletionResultType]::ParameterValue, 'Say of each record whether the people behind it allow its use, and who said so')
            [CompletionResult]::new('identify', 'identify', [CompletionResultType]::ParameterValue, 'Add the language of each record')
            [CompletionResult]::new('filter', 'filter', [CompletionResultType]::ParameterValue, 'Keep the records that pass the thresholds of their language')
            [CompletionResult]::new('redact', 'redact', [CompletionResultType]::ParameterValue, 'Find personal data, and mask it')
            [CompletionResult]::new('numbers', 'numbers', [CompletionResultType]::ParameterValue, 'Check identity, tax, company and account numbers, each by the rules of its country')
            [CompletionResult]::new('decontaminate', 'decontaminate', [CompletionResultType]::ParameterValue, 'Keep the records that hold nothing of evaluation sets')
            [CompletionResult]::new('dedup', 'dedup', [CompletionResultType]::ParameterValue, 'Keep the first of records that are equal or nearly so')
            [CompletionResult]::new('tokenizer', 'tokenizer', [CompletionResultType]::ParameterValue, 'Train a vocabulary in which languages pay alike, and tell what each pays')
            [CompletionResult]::new('encode', 'encode', [CompletionResultType]::ParameterValue, 'Give the token ids of each record''s text')
            [CompletionResult]::new('pack', 'pack', [CompletionResultType]::ParameterValue, 'Write the tokens of records, shuffled, a pair of files for each language and split')
            [CompletionResult]::new('mix', 'mix', [CompletionResultType]::ParameterValue, 'Tell what share of a mix each language has, and how often its text is repeated')
            [CompletionResult]::new('stats', 'stats', [CompletionResultType]::ParameterValue, 'Count records, bytes and words per language')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Say for each record, or one of a prepared folder, what every filter measured')
            [CompletionResult]::new('whatif', 'whatif', [CompletionResultType]::ParameterValue, 'Tell what each filter would drop, on a sample')
            [CompletionResult]::new('calibrate', 'calibrate', [CompletionResultType]::ParameterValue, 'Derive thresholds from good text of your own')
            [CompletionResult]::new('view', 'view', [CompletionResultType]::ParameterValue, 'Look at the documents that stayed and those that were dropped, and why')
            [CompletionResult]::new('langid-train', 'langid-train', [CompletionResultType]::ParameterValue, 'Make the identifier of languages anew (for those who work on it)')
            break
        }
        'eu;help;prepare;extract' {
            break
        }
        'eu;help;prepare;lawful' {
            break
        }
        'eu;help;prepare;identify' {
            break
        }
        'eu;help;prepare;filter' {
            break
        }
        'eu;help;prepare;redact' {
            break
        }
        'eu;help;prepare;numbers' {
            break
        }
        'eu;help;prepare;decontaminate' {
            break
        }
        'eu;help;prepare;dedup' {
            break
        }
        'eu;help;prepare;tokenizer' {
            break
        }
        'eu;help;prepare;encode' {
            break
        }
        'eu;help;prepare;pack' {
            break
        }
        'eu;help;prepare;mix' {
            break
        }
        'eu;help;prepare;stats' {
            break
        }
        'eu;help;prepare;explain' {
            break
        }
        'eu;help;prepare;whatif' {
            break
        }
        'eu;help;prepare;calibrate' {
            break
        }
        'eu;help;prepare;view' {
            break
        }
        'eu;help;prepare;langid-train' {
            break
        }
        'eu;help;train' {
            break
        }
        'eu;help;eval' {
            break
        }
        'eu;help;quantize' {
            break
        }
        'eu;help;chat' {
            break
        }
        'eu;help;tour' {
            break
        }
        'eu;help;init' {
            break
        }
        'eu;help;pull' {
            break
        }
        'eu;help;inspect' {
            break
        }
        'eu;help;doctor' {
            break
        }
        'eu;help;watch' {
            break
        }
        'eu;help;completions' {
            break
        }
        'eu;help;man' {
            break
        }
        'eu;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
