//! One `gen` as it runs: rows of logits in, tokens, text and in the end a [`Generated`] out.
//!
//! It decides what follows a sequence: draws a token, appends those that the constraint forces after it, and notices
//! the end. Forced tokens are run through the model together (jump-forward), and their log-probabilities are read from
//! the same rows, so nothing that is reported depends on what was forced.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sgl_constrain::{Mask, Matcher};
use sgl_wire::{ALTERNATIVES, Failure, Finish, Generate, Generated, NewToken, Origin, Output, TokenLogprob, Usage};

use crate::forced;
use crate::lexicon::Lexicon;
use crate::sampler::{self, Before, Sampler};
use crate::stops::{StopWalk, Stops};
use crate::text::{Growing, respell};

/// The part of a [`Generate`] that is used as it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub max_tokens: usize,
    pub min_tokens: usize,
    pub ignore_eos: bool,
    /// Alternatives to report for each token.
    pub logprobs: Option<usize>,
    /// Whether forced text is written without asking the model.
    pub jump: bool,
}

impl Bounds {
    /// Of a request, with the most tokens worked out, and whether the engine jumps over forced text.
    pub fn new(generate: &Generate, max_tokens: usize, jump: bool) -> Self {
        Bounds {
            max_tokens,
            min_tokens: generate.min_tokens as usize,
            ignore_eos: generate.ignore_eos,
            logprobs: generate.logprobs.map(|n| n as usize),
            jump,
        }
    }
}

/// What a constraint leaves to choose from.
#[derive(Debug, Clone)]
struct Choice {
    mask: Arc<Mask>,
    /// Whether the ends in it count.
    ends: bool,
}

/// What somebody who watches is told after each step.
#[derive(Debug)]
struct News {
    request: u64,
    tokens: Vec<NewToken>,
}

/// A free span before the answer.
struct Thinking {
    most: usize,
    text: Growing,
    walk: StopWalk,
    /// Bytes of the span, once it is over.
    ended: Option<usize>,
}

/// See the module's text.
pub(crate) struct Generation {
    lexicon: Arc<Lexicon>,
    sampler: Sampler,
    bounds: Bounds,
    stops: Option<(Arc<Stops>, StopWalk)>,
    matcher: Option<Matcher>,
    /// What the constraint leaves to choose from next, where it was asked already.
    choice: Option<Choice>,
    thinking: Option<Thinking>,
    /// Tokens before the first generated one.
    prompt: usize,
    /// Tokens before the answer, once it began.
    begin: Option<usize>,
    text: Growing,
    /// Log-probability of each token of the answer, as far as rows were read.
    read: Vec<f64>,
    tops: VecDeque<TokenLogprob>,
    forced: u64,
    finish: Option<Finish>,
    /// Bytes of the answer, where a stop cut it.
    cut: Option<usize>,
    /// How long the constraint was asked.
    masks: Duration,
    /// Only where somebody watches.
    news: Option<News>,
}

impl Generation {
    /// A generation after `prompt` tokens.
    pub fn new(
        lexicon: Arc<Lexicon>,
        sampler: Sampler,
        bounds: Bounds,
        stops: Option<Arc<Stops>>,
        matcher: Option<Matcher>,
        thinking: Option<usize>,
        prompt: usize,
    ) -> Self {
        let thinking = thinking.map(|most| Thinking {
            most,
            text: Growing::default(),
            walk: StopWalk::new(&lexicon.think_end),
            ended: None,
        });
        Generation {
            sampler,
            bounds,
            stops: stops.map(|stops| {
                let walk = StopWalk::new(&stops);
                (stops, walk)
            }),
            matcher,
            choice: None,
            thinking,
            prompt,
            begin: None,
            text: Growing::default(),
            read: Vec::new(),
            tops: VecDeque::new(),
            forced: 0,
            finish: None,
            cut: None,
            masks: Duration::ZERO,
            news: None,
            lexicon,
        }
    }

    /// From now on somebody watches, who knows it by this number.
    pub fn watched(&mut self, request: u64) {
        self.news = Some(News { request, tokens: Vec::new() });
    }

    /// See [`crate::job::Job::news`].
    pub fn news(&mut self) -> Vec<NewToken> {
        self.news.as_mut().map(|news| std::mem::take(&mut news.tokens)).unwrap_or_default()
    }

    /// See [`crate::job::Job::masks`].
    pub fn masks(&mut self) -> Duration {
        std::mem::take(&mut self.masks)
    }

    /// Appends what is forced before the model was asked anything.
    pub fn start(&mut self, tokens: &mut Vec<u32>) -> Result<(), Failure> {
        match &self.thinking {
            Some(thinking) if thinking.most > 0 => Ok(()),
            Some(_) => self.end_thinking(0, tokens),
            None => self.begin_answer(tokens),
        }
    }

    /// Rows that are worth computing of a sequence of `tokens`: after the end the last token's is not.
    pub fn goal(&self, tokens: &[u32]) -> usize {
        match self.finish {
            Some(_) => tokens.len().saturating_sub(1),
            None => tokens.len(),
        }
    }

    /// Whether all is generated and read.
    pub fn is_over(&self) -> bool {
        self.finish.is_some() && self.read.len() >= self.text.tokens()
    }

    /// Reads the logits after token `row`, and goes on where the next token is not known yet.
    pub fn read(&mut self, row: usize, logits: &[f32], tokens: &mut Vec<u32>) -> Result<(), Failure> {
        let sum = sampler::log_sum(logits).map_err(|_| Failure::Model("its logits are not numbers".into()))?;
        let known = tokens.get(row + 1).copied();
        if known.is_none() && self.finish.is_some() {
            return Ok(());
        }
        let (token, more) = match known {
            Some(token) => (token, Vec::new()),
            None => {
                let drawn = self.draw(logits, tokens)?;
                let began = Instant::now();
                let mut written = self.healed(drawn, tokens).into_iter();
                self.masks += began.elapsed();
                (written.next().unwrap_or(drawn), written.collect())
            }
        };
        let ends = known.is_none() && self.ends(token);
        self.tell(token, row, (known.is_some(), ends), logits, sum);
        if self.begin.is_some_and(|begin| row + 1 >= begin) && !ends {
            self.note(token, logits, sum);
        }
        match known {
            Some(_) => Ok(()),
            None if self.begin.is_none() => self.think(token, tokens),
            None if ends => {
                self.finish = Some(Finish::End);
                Ok(())
            }
            None => {
                self.push(token, tokens)?;
                more.into_iter().try_for_each(|token| self.force_one(token, tokens))?;
                self.force(tokens)
            }
        }
    }

    fn ends(&self, token: u32) -> bool {
        self.lexicon.is_end(token)
    }

    /// Tells who watches of the token after `row`, which may be known from before, and may end the text.
    fn tell(&mut self, token: u32, row: usize, (known, ends): (bool, bool), logits: &[f32], sum: f64) {
        let Some(news) = self.news.as_mut().filter(|_| row + 1 >= self.prompt) else { return };
        let origin = match self.begin {
            Some(begin) if row + 1 >= begin && ends => Origin::End,
            Some(begin) if row + 1 >= begin && known => Origin::Forced,
            Some(begin) if row + 1 >= begin => Origin::Drawn,
            _ => Origin::Thought,
        };
        let log_of = |logit: f32| f64::from(logit) - sum;
        let top = sampler::best(logits, ALTERNATIVES).into_iter().map(|(token, logit)| (token, log_of(logit)));
        news.tokens.push(NewToken {
            request: news.request,
            token,
            origin,
            logprob: logits.get(token as usize).map_or(f64::NEG_INFINITY, |&logit| log_of(logit)),
            top: top.collect(),
        });
    }

    /// Keeps the log-probability of the next token of the answer.
    fn note(&mut self, token: u32, logits: &[f32], sum: f64) {
        let log_of = |logit: f32| f64::from(logit) - sum;
        let logprob = logits.get(token as usize).map_or(f64::NEG_INFINITY, |&l| log_of(l));
        self.read.push(logprob);
        if let Some(n) = self.bounds.logprobs {
            let top = sampler::best(logits, n).into_iter();
            self.tops.push_back(TokenLogprob {
                token: self.lexicon.show(token),
                logprob,
                top: top.map(|(token, logit)| (self.lexicon.show(token), log_of(logit))).collect(),
            });
        }
    }

    /// Draws the token after `tokens`.
    fn draw(&mut self, logits: &[f32], tokens: &[u32]) -> Result<u32, Failure> {
        let (prompt, generated) = tokens.split_at(self.prompt.min(tokens.len()));
        let before = Before { prompt, generated };
        let lexicon = self.lexicon.clone();
        let free = &lexicon.free;
        let allowed = match self.begin {
            None => free.thinking.clone(),
            Some(_) if self.matcher.is_some() => {
                let choice = self.choice()?;
                if choice.ends { choice.mask } else { lexicon.without_ends(&choice.mask) }
            }
            Some(_) if self.may_end() => free.ending.clone(),
            Some(_) => free.going_on.clone(),
        };
        let drawn = self.sampler.draw(logits, &allowed, before);
        drawn.ok_or_else(|| Failure::Model("no token is allowed here".into()))
    }

    /// Whether the request wants an end here.
    fn may_end(&self) -> bool {
        !self.bounds.ignore_eos && self.text.tokens() >= self.bounds.min_tokens
    }

    /// What the constraint leaves to choose from.
    fn choice(&mut self) -> Result<Choice, Failure> {
        let may_end = self.may_end();
        let left = self.bounds.max_tokens.saturating_sub(self.text.tokens());
        let began = Instant::now();
        let choice = match (self.choice.take(), &mut self.matcher) {
            (Some(choice), _) => choice,
            (None, Some(matcher)) => {
                let mask = matcher.mask(Some(left as u32));
                let ends = may_end || mask.iter().all(|token| self.lexicon.is_end(token));
                Choice { mask, ends }
            }
            (None, None) => return Err(Failure::Model("there is no constraint to ask".into())),
        };
        self.masks += began.elapsed();
        Ok(self.choice.insert(choice).clone())
    }

    /// One more token of the span before the answer.
    fn think(&mut self, token: u32, tokens: &mut Vec<u32>) -> Result<(), Failure> {
        let Some(thinking) = &mut self.thinking else {
            return self.begin_answer(tokens);
        };
        let length = thinking.text.bytes.len();
        if self.lexicon.is_end(token) {
            return self.end_thinking(length, tokens);
        }
        tokens.push(token);
        if self.lexicon.think_end_tokens == [token] {
            thinking.ended = Some(length);
            return self.begin_answer(tokens);
        }
        thinking.text.push(self.lexicon.bytes(token));
        let bytes = &thinking.text.bytes;
        let marker = thinking.walk.advance(&self.lexicon.think_end, bytes, 0, false)?;
        if let Some(marker) = marker {
            thinking.ended = Some(marker.start);
            return self.begin_answer(tokens);
        }
        if thinking.text.tokens() >= thinking.most {
            let length = thinking.text.bytes.len();
            return self.end_thinking(length, tokens);
        }
        Ok(())
    }

    /// Closes a span that did not close itself, with the marker that the model would have written.
    fn end_thinking(&mut self, length: usize, tokens: &mut Vec<u32>) -> Result<(), Failure> {
        if let Some(thinking) = &mut self.thinking {
            thinking.ended = Some(length);
        }
        tokens.extend_from_slice(&self.lexicon.think_end_tokens);
        self.begin_answer(tokens)
    }

    fn begin_answer(&mut self, tokens: &mut Vec<u32>) -> Result<(), Failure> {
        self.begin = Some(tokens.len());
        self.force(tokens)
    }

    /// Appends tokens while the constraint leaves no choice.
    fn force(&mut self, tokens: &mut Vec<u32>) -> Result<(), Failure> {
        while self.finish.is_none() && self.matcher.is_some() {
            let began = Instant::now();
            let jump = self.jump(tokens);
            self.masks += began.elapsed();
            if !jump.is_empty() {
                for token in jump {
                    self.force_one(token, tokens)?;
                }
                continue;
            }
            let choice = self.choice()?;
            let lexicon = self.lexicon.clone();
            let mut texts = choice.mask.iter().filter(|&token| !lexicon.is_end(token));
            let may_end = choice.ends && self.matcher.as_ref().is_some_and(Matcher::is_complete);
            match (texts.next(), texts.next()) {
                (Some(token), None) if !may_end && self.bounds.jump => self.force_one(token, tokens)?,
                (None, _) if may_end => self.finish = Some(Finish::Complete),
                (None, _) => return Err(Failure::Model("the constraint allows no token here".into())),
                _ => break,
            }
        }
        Ok(())
    }

    fn force_one(&mut self, token: u32, tokens: &mut Vec<u32>) -> Result<(), Failure> {
        if self.finish.is_none() {
            self.forced += 1;
            self.push(token, tokens)?;
        }
        Ok(())
    }

    /// The tokens to write where `drawn` was drawn after `before`: the tokenizer's own, where text must follow it, as far as
    /// they hold some of `drawn`. None of them has a row yet, so nothing computed is thrown away.
    fn healed(&self, drawn: u32, before: &[u32]) -> Vec<u32> {
        let Some(matcher) = self.matcher.as_ref().filter(|_| self.bounds.jump && self.begin.is_some()) else {
            return vec![drawn];
        };
        let mut after = matcher.clone();
        let forced = match after.advance(drawn) {
            Ok(()) if !self.ends(drawn) => after.forced(),
            _ => return vec![drawn],
        };
        if forced.is_empty() {
            return vec![drawn];
        }
        let own = self.lexicon.bytes(drawn);
        let mut tokens = self.spelled(matcher, before, &[own, &forced].concat());
        let ends = tokens.iter().scan(0, |end, token| {
            *end += self.lexicon.bytes(*token).len();
            Some(*end)
        });
        match ends.into_iter().position(|end| end >= own.len()) {
            Some(last) => {
                tokens.truncate(last + 1);
                tokens
            }
            None => vec![drawn],
        }
    }

    /// The tokens of text that must follow `before`; none where there is no such text.
    fn jump(&self, before: &[u32]) -> Vec<u32> {
        match &self.matcher {
            Some(matcher) if self.bounds.jump => self.spelled(matcher, before, &matcher.forced()),
            _ => Vec::new(),
        }
    }

    /// The [tokens](forced::tokens) of text that must follow; none where they would take more of the budget than is left.
    fn spelled(&self, matcher: &Matcher, before: &[u32], bytes: &[u8]) -> Vec<u32> {
        let (tokens, end) = forced::tokens(&self.lexicon, before, matcher, bytes);
        let left = self.bounds.max_tokens.saturating_sub(self.text.tokens());
        match left.checked_sub(tokens.len()) {
            Some(left) if end.fewest() as usize <= left => tokens,
            _ => Vec::new(),
        }
    }

    /// One more token of the answer.
    fn push(&mut self, token: u32, tokens: &mut Vec<u32>) -> Result<(), Failure> {
        tokens.push(token);
        self.choice = None;
        self.text.push(self.lexicon.bytes(token));
        if let Some(matcher) = &mut self.matcher {
            matcher.advance(token).map_err(|rejected| Failure::Model(rejected.to_string()))?;
        }
        let count = self.text.tokens();
        let complete = self.matcher.as_ref().is_some_and(Matcher::is_final);
        let over = complete || count >= self.bounds.max_tokens;
        if let Some((stops, walk)) = &mut self.stops {
            let least = self.bounds.min_tokens;
            let from = if count < least { usize::MAX } else { self.text.end_of(least) };
            if let Some(found) = walk.advance(stops, &self.text.bytes, from, over)? {
                self.cut = Some(found.start);
                self.finish = Some(Finish::Stop);
                return Ok(());
            }
        }
        if complete {
            self.finish = Some(Finish::Complete);
        } else if over {
            self.finish = Some(Finish::Length);
        }
        Ok(())
    }

    /// Text that is settled and was not given out yet.
    pub fn stream(&mut self) -> String {
        let ended = self.finish.is_some();
        let limit = match (self.cut, &self.stops) {
            (Some(cut), _) => cut,
            (None, Some((_, walk))) if !ended => walk.settled(),
            _ => self.text.bytes.len(),
        };
        self.text.send(limit, ended)
    }

    /// The answer, once it [is over](Self::is_over). `usage` holds what the engine counted.
    pub fn result(mut self, tokens: &[u32], mut usage: Usage) -> Generated {
        let begin = self.begin.unwrap_or(tokens.len()).min(tokens.len());
        let cut = self.cut.unwrap_or(self.text.bytes.len());
        let (whole, rest) = match self.cut {
            Some(cut) => self.text.cut(cut),
            None => (self.text.tokens(), &[][..]),
        };
        let extra = respell(&self.lexicon, rest);
        let mut output = tokens[begin..].to_vec();
        output.truncate(whole);
        output.extend_from_slice(&extra);
        // A token that a stop cut gives its log-probability to the first piece that is left of it.
        let pieces = extra.len();
        self.read.truncate(whole + pieces.min(1));
        self.tops.truncate(whole + pieces.min(1));
        for (index, &piece) in extra.iter().enumerate() {
            let token = self.lexicon.show(piece);
            match self.tops.get_mut(whole + index) {
                Some(top) => top.token = token,
                None if self.bounds.logprobs.is_some() => {
                    self.tops.push_back(TokenLogprob { token, logprob: 0.0, top: Vec::new() });
                }
                None => {}
            }
        }
        let thinking = self.thinking.map(|thinking| {
            let length = thinking.ended.unwrap_or(thinking.text.bytes.len());
            let span = thinking.text.bytes.get(..length).unwrap_or_default();
            usage.output_tokens += thinking.text.tokens() as u64;
            String::from_utf8_lossy(span).into_owned()
        });
        usage.forced_tokens = self.forced;
        usage.output_tokens += output.len() as u64;
        let text = String::from_utf8_lossy(self.text.bytes.get(..cut).unwrap_or_default());
        Generated {
            output: Arc::new(Output { tokens: output, text: text.into_owned(), logprob: self.read.iter().sum() }),
            finish: self.finish.unwrap_or(Finish::Length),
            logprobs: self.tops.into(),
            thinking,
            usage,
        }
    }
}
