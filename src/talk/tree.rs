//! Messages with their branches, and the path through them that is seen.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Largest number of a message that is read: 2^53, up to which all readers of JSON agree.
const MAX_ID: u64 = 1 << 53;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Whoever set the conversation up.
    System,
    /// The reader.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// The word for it in chat templates and files.
    pub fn name(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        }
    }
}

/// What one side said, as a model reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub text: String,
}

/// One message; a line of a file of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Number of the message, larger than those of all messages before it.
    pub id: u64,
    /// The message it follows; none where a conversation begins.
    pub parent: Option<u64>,
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub text: String,
    /// Tokens of the prompt that an answer was made from.
    #[serde(default)]
    pub n_prompt: u64,
    /// Tokens of an answer.
    #[serde(default)]
    pub n_tokens: u64,
    /// Why an answer ended: `eos`, `length`, `stopped`, …
    #[serde(default)]
    pub reason: String,
    /// When it was written down (RFC 3339, UTC).
    #[serde(default)]
    pub time: String,
    /// The model that answered.
    #[serde(default)]
    pub model: String,
    /// How its tokens were chosen, by name of the setting.
    #[serde(default)]
    pub sampling: Map<String, Value>,
}

impl Node {
    fn new(id: u64, parent: Option<u64>, role: Role, text: String) -> Self {
        Node {
            id,
            parent,
            role,
            text,
            n_prompt: 0,
            n_tokens: 0,
            reason: String::new(),
            time: String::new(),
            model: String::new(),
            sampling: Map::new(),
        }
    }
}

/// Why a message cannot be part of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Its number is not above those before it.
    #[error("its number is not above those before it")]
    Number,
    /// Its number is larger than JSON's numbers are exact.
    #[error("its number is too large")]
    TooLarge,
    /// It follows a message that is not there.
    #[error("it follows a message that is not there")]
    Parent,
}

/// Positions of the messages that follow a message, and of the one last gone to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Next {
    children: Vec<usize>,
    active: Option<usize>,
}

/// All messages of a conversation; `head` is the last one of the path that is seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    /// In the order of their numbers.
    nodes: Vec<Node>,
    next: Vec<Next>,
    /// Messages that follow none.
    roots: Next,
    head: Option<usize>,
}

impl Tree {
    /// Every message, oldest first.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// True where nothing was said yet.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The message of a number.
    pub fn get(&self, id: u64) -> Option<&Node> {
        Some(&self.nodes[self.position(id)?])
    }

    /// The last message of the path that is seen.
    pub fn head(&self) -> Option<&Node> {
        Some(&self.nodes[self.head?])
    }

    /// The path that is seen, oldest first.
    pub fn path(&self) -> Vec<&Node> {
        let mut path = Vec::new();
        let mut at = self.head;
        while let Some(i) = at {
            path.push(&self.nodes[i]);
            at = self.nodes[i].parent.and_then(|id| self.position(id));
        }
        path.reverse();
        path
    }

    /// The path as a model reads it.
    pub fn turns(&self) -> Vec<Turn> {
        let turn = |node: &Node| Turn {
            role: node.role,
            text: node.text.clone(),
        };
        self.path().into_iter().map(turn).collect()
    }

    /// The system prompt of the path; none if it has none.
    pub fn system(&self) -> Option<&str> {
        let first = self.path().into_iter().next()?;
        (first.role == Role::System).then_some(first.text.as_str())
    }

    /// The last question on the path.
    pub fn last_question(&self) -> Option<&Node> {
        self.path().into_iter().rev().find(|n| n.role == Role::User)
    }

    /// The last answer on the path.
    pub fn last_answer(&self) -> Option<&Node> {
        let is_answer = |n: &&Node| n.role == Role::Assistant;
        self.path().into_iter().rev().find(is_answer)
    }

    /// Begins anew under a system prompt, with none if it is empty. What was said before stays
    /// as another branch. The number of the prompt.
    pub fn begin(&mut self, system: &str) -> Option<u64> {
        self.head = None;
        self.roots.active = None;
        (!system.is_empty()).then(|| self.add(None, Role::System, system.into()))
    }

    /// Adds a question behind the path; beside the last one where that was never answered.
    pub fn ask(&mut self, text: &str) -> u64 {
        let parent = match self.head() {
            Some(head) if head.role == Role::User => head.parent,
            head => head.map(|head| head.id),
        };
        self.add(parent, Role::User, text.into())
    }

    /// Adds an answer to the question at the end of the path.
    pub fn answer(&mut self, text: &str, n_prompt: u64, n_tokens: u64, reason: &str) -> u64 {
        let parent = self.head().map(|head| head.id);
        let id = self.add(parent, Role::Assistant, text.into());
        if let Some(node) = self.nodes.last_mut() {
            (node.n_prompt, node.n_tokens) = (n_prompt, n_tokens);
            node.reason = reason.into();
        }
        id
    }

    /// Adds a message beside that of a number, by the same speaker; none if there is no such.
    pub fn edit(&mut self, id: u64, text: &str) -> Option<u64> {
        let (parent, role) = self.get(id).map(|node| (node.parent, node.role))?;
        Some(self.add(parent, role, text.into()))
    }

    /// Ends the path at its last question, so that the next answer stands beside the one there.
    /// The number of the question; none if nothing was asked.
    pub fn reopen(&mut self) -> Option<u64> {
        let id = self.last_question()?.id;
        self.head = self.position(id);
        Some(id)
    }

    /// Follows the path from where it ends to where it was last gone to.
    pub fn rest(&mut self) {
        let mut at = self.head.or(self.roots.active);
        while let Some(next) = at.and_then(|i| self.next[i].active) {
            at = Some(next);
        }
        self.head = at;
    }

    /// Which of the messages beside one another a message is, from 1, and how many they are.
    pub fn place(&self, id: u64) -> Option<(usize, usize)> {
        let at = self.position(id)?;
        let beside = &self.beside(at).children;
        let i = beside.iter().position(|other| *other == at)?;
        Some((i + 1, beside.len()))
    }

    /// Goes to the `n`-th (from 1) of the messages beside that of a number, and on to where that
    /// branch was left; false if there is none.
    pub fn go(&mut self, id: u64, n: usize) -> bool {
        let Some(at) = self.position(id) else {
            return false;
        };
        let target = n
            .checked_sub(1)
            .and_then(|n| self.beside(at).children.get(n))
            .copied();
        let Some(target) = target else {
            return false;
        };
        self.lead_to(target);
        self.rest();
        true
    }

    /// Makes the message of a number the end of the path; false if there is no such message.
    pub fn end_at(&mut self, id: u64) -> bool {
        let at = self.position(id);
        if let Some(at) = at {
            self.lead_to(at);
        }
        at.is_some()
    }

    /// Adds a message that was read; it becomes the end of the path.
    ///
    /// # Errors
    /// When its number or its parent cannot be.
    pub fn insert(&mut self, node: Node) -> Result<(), Refused> {
        if self.nodes.last().is_some_and(|last| last.id >= node.id) {
            return Err(Refused::Number);
        }
        if node.id > MAX_ID {
            return Err(Refused::TooLarge);
        }
        if node.parent.is_some_and(|id| self.position(id).is_none()) {
            return Err(Refused::Parent);
        }
        self.push(node);
        Ok(())
    }

    fn add(&mut self, parent: Option<u64>, role: Role, text: String) -> u64 {
        let id = self.nodes.last().map_or(0, |last| last.id) + 1;
        self.push(Node::new(id, parent, role, text));
        id
    }

    fn push(&mut self, node: Node) {
        let (at, parent) = (self.nodes.len(), node.parent);
        self.nodes.push(node);
        self.next.push(Next::default());
        match parent.and_then(|id| self.position(id)) {
            Some(parent) => self.next[parent].children.push(at),
            None => self.roots.children.push(at),
        }
        self.lead_to(at);
    }

    /// Ends the path at a position, and remembers the way there.
    fn lead_to(&mut self, at: usize) {
        self.head = Some(at);
        let mut child = at;
        loop {
            match self.nodes[child].parent.and_then(|id| self.position(id)) {
                Some(parent) => {
                    self.next[parent].active = Some(child);
                    child = parent;
                }
                None => {
                    self.roots.active = Some(child);
                    return;
                }
            }
        }
    }

    /// The messages that follow what the one at a position follows.
    fn beside(&self, at: usize) -> &Next {
        match self.nodes[at].parent.and_then(|id| self.position(id)) {
            Some(parent) => &self.next[parent],
            None => &self.roots,
        }
    }

    fn position(&self, id: u64) -> Option<usize> {
        self.nodes.binary_search_by_key(&id, |node| node.id).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(tree: &Tree) -> Vec<&str> {
        tree.path().iter().map(|n| n.text.as_str()).collect()
    }

    #[test]
    fn an_edited_question_and_a_second_answer_stand_beside_the_first() {
        let mut tree = Tree::default();
        tree.begin("be kind");
        let first = tree.ask("one");
        tree.answer("uno", 3, 1, "eos");
        let second = tree.ask("two");
        let dos = tree.answer("dos", 9, 1, "eos");
        tree.reopen();
        let due = tree.answer("due", 9, 1, "eos");
        assert_eq!(texts(&tree), ["be kind", "one", "uno", "two", "due"]);
        assert_eq!(
            (tree.place(dos), tree.place(due)),
            (Some((1, 2)), Some((2, 2)))
        );
        tree.edit(first, "eins").unwrap();
        assert_eq!(texts(&tree), ["be kind", "eins"], "a branch of its own");
        assert_eq!(tree.system(), Some("be kind"));
        assert!(tree.go(first, 1));
        assert_eq!(
            texts(&tree),
            ["be kind", "one", "uno", "two", "due"],
            "back to where that branch was left"
        );
        assert!(tree.go(due, 1) && !tree.go(due, 3) && !tree.go(due, 0));
        assert_eq!(texts(&tree).last(), Some(&"dos"));
        assert_eq!(tree.place(second), Some((1, 1)));
    }

    #[test]
    fn what_was_not_answered_is_asked_again_beside_it() {
        let mut tree = Tree::default();
        let lost = tree.ask("too long");
        let asked = tree.ask("short");
        assert_eq!(texts(&tree), ["short"]);
        assert_eq!(
            (tree.place(lost), tree.place(asked)),
            (Some((1, 2)), Some((2, 2)))
        );
        tree.answer("yes", 1, 1, "eos");
        tree.reopen();
        assert_eq!(texts(&tree), ["short"]);
        tree.rest();
        assert_eq!(
            texts(&tree),
            ["short", "yes"],
            "a failure leaves the old answer"
        );
        assert!(tree.begin("").is_none() && tree.path().is_empty());
        assert!(tree.reopen().is_none());
    }

    #[test]
    fn strange_messages_are_refused() {
        let mut tree = Tree::default();
        tree.insert(Node::new(5, None, Role::User, "a".into()))
            .unwrap();
        for (id, parent, why) in [
            (5, None, Refused::Number),
            (4, None, Refused::Number),
            (u64::MAX, None, Refused::TooLarge),
            (9, Some(9), Refused::Parent),
            (9, Some(7), Refused::Parent),
        ] {
            let node = Node::new(id, parent, Role::User, "x".into());
            assert_eq!(tree.insert(node), Err(why), "{id} {parent:?}");
        }
        assert_eq!(tree.ask("b"), 6);
    }

    proptest! {
        #[test]
        fn whatever_is_done_the_path_is_one_of_the_tree(steps in prop::collection::vec((0usize..6, 0u64..12, 0usize..4), 0..40)) {
            let mut tree = Tree::default();
            for (what, id, n) in steps {
                match what {
                    0 => { tree.ask("q"); }
                    1 if tree.head().is_some_and(|h| h.role == Role::User) => { tree.answer("a", 1, 1, "eos"); }
                    2 => { tree.edit(id, "e"); }
                    3 => { tree.reopen(); }
                    4 => { tree.go(id, n); }
                    _ => { tree.begin(if n == 0 { "" } else { "s" }); }
                }
                let path = tree.path();
                prop_assert_eq!(path.first().and_then(|n| n.parent), None);
                for pair in path.windows(2) {
                    prop_assert_eq!(pair[1].parent, Some(pair[0].id));
                    prop_assert!(pair[0].role != pair[1].role);
                }
                for node in tree.nodes() {
                    let (i, n) = tree.place(node.id).unwrap();
                    prop_assert!(i >= 1 && i <= n);
                }
            }
        }
    }
}
