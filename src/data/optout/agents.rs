//! The crawlers whose rules are asked for. A page that was fetched for training is judged as
//! each of them would have had to judge it.

/// What a crawler collects pages for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Open archives that training corpora are made from.
    Archive,
    /// Training of models.
    Train,
    /// Search and answers given on request: no training.
    Answer,
}

/// A crawler by the name robots.txt gives it.
#[derive(Debug, Clone, Copy)]
pub struct Agent {
    /// Product token; `*` is every crawler that is not named.
    pub name: &'static str,
    /// Who runs it.
    pub operator: &'static str,
    /// What for.
    pub purpose: Purpose,
}

const fn agent(name: &'static str, operator: &'static str, purpose: Purpose) -> Agent {
    Agent {
        name,
        operator,
        purpose,
    }
}

/// The crawlers known by name, as their operators document them.
pub const AGENTS: &[Agent] = &[
    agent("*", "everyone", Purpose::Archive),
    agent("ia_archiver", "Internet Archive", Purpose::Archive),
    agent("archive.org_bot", "Internet Archive", Purpose::Archive),
    agent("CCBot", "Common Crawl", Purpose::Archive),
    agent("Owler", "OpenWebSearch.eu", Purpose::Archive),
    agent("GPTBot", "OpenAI", Purpose::Train),
    agent("Google-Extended", "Google", Purpose::Train),
    agent("ClaudeBot", "Anthropic", Purpose::Train),
    agent("anthropic-ai", "Anthropic", Purpose::Train),
    agent("Applebot-Extended", "Apple", Purpose::Train),
    agent("Amazonbot", "Amazon", Purpose::Train),
    agent("Bytespider", "ByteDance", Purpose::Train),
    agent("TikTokSpider", "ByteDance", Purpose::Train),
    agent("Meta-ExternalAgent", "Meta", Purpose::Train),
    agent("FacebookBot", "Meta", Purpose::Train),
    agent("AI2Bot", "Allen Institute for AI", Purpose::Train),
    agent("Ai2Bot-Dolma", "Allen Institute for AI", Purpose::Train),
    agent("cohere-ai", "Cohere", Purpose::Train),
    agent("cohere-training-data-crawler", "Cohere", Purpose::Train),
    agent("DeepSeekBot", "DeepSeek", Purpose::Train),
    agent("PanguBot", "Huawei", Purpose::Train),
    agent("Diffbot", "Diffbot", Purpose::Train),
    agent("omgili", "Webz.io", Purpose::Train),
    agent("Webzio-Extended", "Webz.io", Purpose::Train),
    agent("Timpibot", "Timpi", Purpose::Train),
    agent("Kangaroo Bot", "Kangaroo LLM", Purpose::Train),
    agent("PerplexityBot", "Perplexity", Purpose::Answer),
    agent("OAI-SearchBot", "OpenAI", Purpose::Answer),
    agent("ChatGPT-User", "OpenAI", Purpose::Answer),
    agent("Claude-User", "Anthropic", Purpose::Answer),
    agent("MistralAI-User", "Mistral AI", Purpose::Answer),
];

/// The agents that `name` stands for: `hplt` (what HPLT honours), `train` (archives and
/// training, the default), `all`, or one agent by its own name.
pub fn agents_for(name: &str) -> Vec<String> {
    let of = |wanted: &[Purpose]| {
        let found = AGENTS.iter().filter(|a| wanted.contains(&a.purpose));
        found.map(|a| a.name.to_string()).collect()
    };
    match name {
        "hplt" => ["*", "ia_archiver", "CCBot"].map(String::from).into(),
        "train" => of(&[Purpose::Archive, Purpose::Train]),
        "all" => of(&[Purpose::Archive, Purpose::Train, Purpose::Answer]),
        _ => vec![name.into()],
    }
}
