//! A constraint made ready for a vocabulary, and the place that one text has reached in it.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sgl_wire::Constraint;

use crate::error::{ConstrainError, Dropped, Rejected};
use crate::graph::{AMBIGUOUS, Graph, MOST_THREADS, StateId, Tables};
use crate::lower::{self, Rules};
use crate::masks::mask::Mask;
use crate::network::build;
use crate::network::cost::{Costs, NEVER, UNSPELLED};
use crate::network::{Edge, Node};
use crate::vocabulary::Vocabulary;
use crate::{masks::fewest, masks::walk};

/// Bytes of a constraint's shortest text at most.
const LONGEST_SHORTEST: u32 = 1 << 16;
/// Bytes of forced text found in one call at most.
const MOST_FORCED: usize = 4096;

/// A constraint made ready for one vocabulary. Shared by all generations under it; what one of them finds out
/// about masks serves the others.
#[derive(Debug)]
pub struct Automaton {
    tables: Tables,
    dropped: Vec<Dropped>,
    /// Replaced when it has grown too large; matchers then carry their place over.
    graph: Mutex<Arc<Mutex<Graph>>>,
}

impl Automaton {
    /// Builds the automaton of `constraint`, or says why there is none.
    pub fn new(constraint: &Constraint, vocabulary: Arc<Vocabulary>) -> Result<Arc<Self>, ConstrainError> {
        Self::of_rules(lower::lower(constraint)?, vocabulary)
    }

    /// The automaton of a constraint that is lowered.
    pub(crate) fn of_rules(rules: Rules, vocabulary: Arc<Vocabulary>) -> Result<Arc<Self>, ConstrainError> {
        let mut net = build::build(&rules)?;
        let unspelled = net.edges.iter().any(|edge| !(edge.low..=edge.high).any(|byte| vocabulary.has_byte(byte)));
        let costs = Costs::new(&mut net, |_| 1)?;
        check(&rules, &costs)?;
        let captures = net.nodes.iter().any(|node| matches!(node, Node::Capture { .. }));
        if captures && unspelled {
            return Err(ConstrainError::Unspelled);
        }
        let mut tables = Tables { net, costs, vocabulary, spelled: !unspelled, captures };
        if captures && Graph::supply(&mut tables)? && tables.costs.rules.last() == Some(&NEVER) {
            let reason = "there are fewer different values than parts that must differ".to_owned();
            return Err(ConstrainError::Unsatisfiable { what: "the constraint".to_owned(), reason });
        }
        if unspelled {
            let vocabulary = &tables.vocabulary;
            let spells = |edge: &Edge| (edge.low..=edge.high).any(|byte| vocabulary.has_byte(byte));
            tables.costs = Costs::new(&mut tables.net, |edge| if spells(edge) { 1 } else { UNSPELLED })?;
        }
        let mut graph = Graph::new(&tables);
        let start = graph.start(&tables);
        let begins =
            graph.state(start).complete || (0..=255).any(|byte| Graph::is_live(graph.step(&tables, start, byte)));
        if start == AMBIGUOUS || !begins {
            return Err(ConstrainError::Limit { what: "ways to read the same text", limit: MOST_THREADS });
        }
        if graph.state(start).cost >= UNSPELLED && fewest::fewest(&mut graph, &tables, start) == NEVER {
            return Err(ConstrainError::Unspellable);
        }
        let dropped = rules.dropped;
        Ok(Arc::new(Self { tables, dropped, graph: Mutex::new(Arc::new(Mutex::new(graph))) }))
    }

    /// What it was built into.
    pub(crate) fn tables(&self) -> &Tables {
        &self.tables
    }

    /// The vocabulary that it was built for.
    pub fn vocabulary(&self) -> &Arc<Vocabulary> {
        &self.tables.vocabulary
    }

    /// The keywords of its JSON Schemas that texts are not held to; none unless their options are lenient.
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    /// Bytes that it holds now, about: its tables, and the places and masks found so far. The vocabulary is not counted.
    pub fn held(&self) -> usize {
        let net = &self.tables.net;
        let tables = size_of_val(&*net.nodes) + size_of_val(&*net.edges) + size_of_val(&*net.targets);
        let graph = self.graph.lock().unwrap_or_else(PoisonError::into_inner);
        let found = lock(&graph).held();
        tables + size_of_val(&*self.tables.costs.nodes) + self.tables.costs.held() + found
    }

    /// The graph that places are found in, or a fresh one where that is full.
    fn roomy(&self) -> Arc<Mutex<Graph>> {
        let mut current = self.graph.lock().unwrap_or_else(PoisonError::into_inner);
        if lock(&current).is_full() {
            *current = Arc::new(Mutex::new(Graph::new(&self.tables)));
        }
        current.clone()
    }
}

/// The one byte that leads on from `state`, and where to; none where there are more.
fn only_byte(graph: &mut Graph, tables: &Tables, state: StateId) -> Option<(u8, StateId)> {
    let threads = graph.state(state).threads.clone();
    let mut bytes = Vec::new();
    for thread in threads.iter() {
        for edge in graph.edges(tables, thread) {
            bytes.push(Some(edge.low).filter(|low| *low == edge.high)?);
        }
    }
    bytes.sort_unstable();
    bytes.dedup();
    // A name that was written is in the tree of names still, but leads nowhere.
    let ways = bytes.into_iter().map(|byte| (byte, graph.step(tables, state, byte)));
    let mut live = ways.filter(|(_, to)| Graph::is_live(*to));
    match (live.next(), live.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

/// Every rule has a finite text, and the whole a short one.
fn check(rules: &Rules, costs: &Costs) -> Result<(), ConstrainError> {
    let endless = |what: &str| ConstrainError::Unsatisfiable {
        what: what.to_owned(),
        reason: "every value of it contains another one, without end".to_owned(),
    };
    for ((name, _), cost) in rules.rules.iter().zip(&costs.rules) {
        // Parts without a name may have no texts: what they stand in does without them.
        if *cost == NEVER && !name.is_empty() {
            return Err(endless(&format!("`{name}`")));
        }
    }
    match costs.rules.last() {
        Some(&shortest) if shortest <= LONGEST_SHORTEST => Ok(()),
        Some(&shortest) if shortest < NEVER => {
            Err(ConstrainError::Limit { what: "bytes in its shortest text", limit: LONGEST_SHORTEST as usize })
        }
        _ => Err(endless("the constraint")),
    }
}

fn lock(graph: &Mutex<Graph>) -> MutexGuard<'_, Graph> {
    // A graph is valid between any two of its changes, so a panic elsewhere does no harm to it.
    graph.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How far one text has come under a constraint: two pointers and a number, so a fork of the text takes a clone, and so does
/// who wants to come back (see [`Trail`](crate::Trail)).
///
/// Two are equal where they are at the same place of the same automaton, whatever was read before it: what may follow is
/// the same then. As long as neither had to move to a fresh graph, that compares two numbers.
#[derive(Debug, Clone)]
pub struct Matcher {
    automaton: Arc<Automaton>,
    graph: Arc<Mutex<Graph>>,
    state: StateId,
    ended: bool,
}

impl Matcher {
    /// The place before any text.
    pub fn new(automaton: Arc<Automaton>) -> Self {
        let graph = automaton.roomy();
        let state = lock(&graph).start(&automaton.tables);
        Self { automaton, graph, state, ended: false }
    }

    /// The tokens that may come next. Tokens that end the generation are among them where the text is complete.
    ///
    /// `budget` is the number of tokens left, the next one included: then only tokens are allowed after which the
    /// text can be completed in the rest. So if it was at least [`fewest`](Self::fewest) once and each token taken
    /// is an allowed one, it stays so, and the mask is empty only when nothing may follow.
    pub fn mask(&mut self, budget: Option<u32>) -> Arc<Mask> {
        let tables = &self.automaton.tables;
        if self.ended {
            return Arc::new(Mask::empty(tables.vocabulary.len()));
        }
        self.leave_full_graph();
        let tables = &self.automaton.tables;
        walk::mask(&mut lock(&self.graph), tables, self.state, budget)
    }

    /// Goes on by `token`. On an error nothing has changed.
    pub fn advance(&mut self, token: u32) -> Result<(), Rejected> {
        if self.ended {
            return Err(Rejected::Token { token });
        }
        let vocabulary = self.automaton.tables.vocabulary.clone();
        if vocabulary.ends().contains(&token) {
            self.ended = self.is_complete();
            return if self.ended { Ok(()) } else { Err(Rejected::Incomplete) };
        }
        let bytes = vocabulary.bytes(token).ok_or(Rejected::NoText { token })?;
        self.leave_full_graph();
        let to = self.after(&mut lock(&self.graph), self.state, bytes);
        match to {
            AMBIGUOUS => Err(Rejected::Ambiguous { limit: MOST_THREADS }),
            state if Graph::is_live(state) => {
                self.state = state;
                Ok(())
            }
            _ => Err(Rejected::Token { token }),
        }
    }

    /// Whether the text so far is a whole valid text.
    pub fn is_complete(&self) -> bool {
        lock(&self.graph).state(self.state).complete
    }

    /// Whether the text is complete and nothing may follow, so that the model need not be asked for an end.
    pub fn is_final(&self) -> bool {
        let graph = lock(&self.graph);
        let state = graph.state(self.state);
        self.ended || (state.complete && state.threads.is_empty())
    }

    /// Fewest tokens from here to a valid end: 0 where complete, `u32::MAX` if no tokens of the vocabulary spell
    /// one, and `u32::MAX - 1` for that many or more. It is a number that suffices, and the least one where the automaton is small.
    pub fn fewest(&self) -> u32 {
        let (graph, state) = self.with_room();
        fewest::fewest(&mut lock(&graph), &self.automaton.tables, state)
    }

    /// Whether `tokens` tokens suffice to a valid end. Quick where they are many.
    pub fn fits(&self, tokens: u32) -> bool {
        let (graph, state) = self.with_room();
        fewest::at_most(&mut lock(&graph), &self.automaton.tables, state, tokens)
    }

    /// The bytes that must follow; empty where there is a choice or the text may end.
    pub fn forced(&self) -> Vec<u8> {
        let (graph, mut state) = self.with_room();
        let (mut graph, tables, mut out) = (lock(&graph), &self.automaton.tables, Vec::new());
        while out.len() < MOST_FORCED && !graph.state(state).complete {
            let Some((byte, to)) = only_byte(&mut graph, tables, state) else { break };
            state = to;
            out.push(byte);
        }
        out
    }

    /// Whether some valid text goes on with `bytes` from here.
    pub fn accepts(&self, bytes: &[u8]) -> bool {
        let (graph, state) = self.with_room();
        Graph::is_live(self.after(&mut lock(&graph), state, bytes))
    }

    /// Whether `bytes` from here make a whole valid text.
    pub fn completes(&self, bytes: &[u8]) -> bool {
        let (graph, state) = self.with_room();
        let mut graph = lock(&graph);
        let end = self.after(&mut graph, state, bytes);
        graph.state(end).complete
    }

    /// Whether a token that begins with `bytes` and is longer may come next.
    pub fn goes_past(&self, bytes: &[u8]) -> bool {
        let (graph, state) = self.with_room();
        walk::goes_past(&mut lock(&graph), &self.automaton.tables, state, bytes)
    }

    /// The place in words, equal for equal places: for tests and for people.
    pub fn place(&self) -> String {
        let graph = lock(&self.graph);
        format!(
            "{:?} {} {}",
            graph.loose(&self.automaton.tables, self.state),
            graph.state(self.state).complete,
            self.ended
        )
    }

    fn after(&self, graph: &mut Graph, from: StateId, bytes: &[u8]) -> StateId {
        bytes.iter().fold(from, |state, byte| graph.step(&self.automaton.tables, state, *byte))
    }

    /// The place in a graph that has room for what is looked for from it: a full one finds no more places.
    fn with_room(&self) -> (Arc<Mutex<Graph>>, StateId) {
        if !lock(&self.graph).is_full() {
            return (self.graph.clone(), self.state);
        }
        let roomy = self.automaton.roomy();
        let state = self.state_in(&roomy);
        (roomy, state)
    }

    /// Carries the place to a graph with room where this one has grown too large.
    pub(crate) fn leave_full_graph(&mut self) {
        (self.graph, self.state) = self.with_room();
    }

    /// Fills the graph until it takes no more places.
    #[cfg(test)]
    pub(crate) fn fill_graph(&self) {
        lock(&self.graph).fill();
    }

    /// The same place in another graph of the automaton.
    fn state_in(&self, other: &Mutex<Graph>) -> StateId {
        let (loose, complete) = {
            let graph = lock(&self.graph);
            (graph.loose(&self.automaton.tables, self.state), graph.state(self.state).complete)
        };
        lock(other).carry(&self.automaton.tables, &loose, complete)
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        if !Arc::ptr_eq(&self.automaton, &other.automaton) || self.ended != other.ended {
            return false;
        }
        match Arc::ptr_eq(&self.graph, &other.graph) {
            true => self.state == other.state,
            false => self.state_in(&other.graph) == other.state,
        }
    }
}

impl Eq for Matcher {}

impl Hash for Matcher {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        // What does not depend on the graph: the numbers of stacks and states do.
        let graph = lock(&self.graph);
        let state = graph.state(self.state);
        (Arc::as_ptr(&self.automaton), self.ended, state.complete).hash(hasher);
        state.threads.iter().for_each(|thread| thread.node.hash(hasher));
    }
}
