//! The kinds of tokens and nodes of the tree, and which rule of the grammar becomes which.

use rowan::{NodeOrToken, TextRange};
use sgl_grammar::Rule;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What a token or a node of the tree is. Tokens come first; from [`SyntaxKind::FILE`] on they are nodes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, missing_docs, reason = "named like the rules of the grammar")]
        #[repr(u16)]
        pub enum SyntaxKind { $($(#[$doc])* $name,)* }

        const ALL: &[SyntaxKind] = &[$(SyntaxKind::$name,)*];
    };
}

kinds! {
    WHITESPACE, NEWLINE, COMMENT,
    /// `/// …`: says what the next item, field or parameter is.
    DOC_COMMENT,
    /// `//! …`: says what the file is.
    FILE_DOC,
    IDENT, KEYWORD, NUMBER,
    /// What opens or closes a string, with its prefix: `"`, `r"""`, `re"`.
    QUOTE,
    /// What a string says, as written.
    TEXT,
    /// `+`, `in`, `..`, `+=` and their like, where they stand as operators. Where an error was told of it: `and`, `or`, `not`
    /// and the `?` behind a name.
    OPERATOR,
    /// Brackets, commas, arrows.
    PUNCT,
    /// Broken text inside an [`ERROR`](SyntaxKind::ERROR) node.
    JUNK,

    FILE, IMPORT, MODULE_PATH, IMPORT_NAMES, IMPORT_NAME, IMPORT_ALIAS, TYPE_ITEM, STRUCT_ITEM, STRUCT_BODY, FIELD,
    DEFAULT, CONST_ITEM, FN_ITEM, PROMPT_ITEM, TOOL_ITEM, TYPE_PARAMS, TYPE_PARAM, PARAMS, PARAM, RET, MODEL_ITEM, TEST_ITEM,

    UNION_TYPE, OPTIONAL_TYPE, FN_TYPE, TUPLE_TYPE, NAMED_TYPE, TYPE_PATH, TYPE_ARGS, GRAMMAR_TYPE, LITERAL_TYPE,

    LET, FOR, WHILE, EMIT, ASSERT, SPLICE, ASSIGN, EXPR_STMT,

    LITERAL, STRING, HOLE, HOLE_BIND, NAME_EXPR, HERE, BINARY, UNARY, CALL, INDEX, MEMBER, GEN, SELECT, FULL, CALLING, FORK,
    FORK_BRANCHES, BRANCH, FROM, IF, ELSE_IF, ELSE, MATCH, MATCH_BODY, ARM, GUARD, TRY, RETURN, BREAK, CONTINUE,
    CLOSURE, CLOSURE_PARAMS, CLOSURE_PARAM, PAREN, TUPLE, LIST, COMPREHENSION, COMP_FOR, COMP_IF, RECORD,
    RECORD_FIELD, MAP, MAP_ENTRY, STRUCT_LIT, BLOCK, ROLE, ARGS, ARG,

    OR_PAT, RANGE_PAT, LITERAL_PAT, TUPLE_PAT, STRUCT_PAT, FIELD_PAT, NAME_PAT, WILDCARD_PAT,

    /// Zero bytes wide: an expression or a block should stand here.
    MISSING_EXPR,
    /// Zero bytes wide: something else should stand here, or a bracket should close here.
    MISSING,
    /// Text that fits nowhere.
    ERROR,
}

impl SyntaxKind {
    /// Whether it carries no meaning for the program: space, newlines, comments.
    pub fn is_trivia(self) -> bool {
        self <= SyntaxKind::FILE_DOC
    }
}

/// The tree's language, as rowan wants it named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sgl {}

impl rowan::Language for Sgl {
    type Kind = SyntaxKind;

    fn kind_from_raw(raw: rowan::SyntaxKind) -> SyntaxKind {
        ALL.get(usize::from(raw.0)).copied().unwrap_or(SyntaxKind::ERROR)
    }

    fn kind_to_raw(kind: SyntaxKind) -> rowan::SyntaxKind {
        rowan::SyntaxKind(kind as u16)
    }
}

/// A node of the lossless tree.
pub type SyntaxNode = rowan::SyntaxNode<Sgl>;
/// A token of the lossless tree.
pub type SyntaxToken = rowan::SyntaxToken<Sgl>;

/// What a pair of the grammar becomes in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One token with all of the pair's text.
    Token(SyntaxKind),
    /// A node around the pair's children.
    Node(SyntaxKind),
    /// A node whose kind its children decide: `PAREN` or `TUPLE`, `LIST` or `COMPREHENSION`, `ASSIGN` or `EXPR_STMT`.
    Late,
    /// No node of its own.
    Inline,
    /// Operators and operands, to be nested by precedence.
    Expr,
    /// A first part and suffixes, each of which wraps all that stands before it.
    Suffixed,
    /// Alternatives between `|`: a node of the kind where there are several, otherwise nothing.
    Alternatives(SyntaxKind),
}

pub(crate) fn shape(rule: Rule) -> Shape {
    use Shape::*;
    use SyntaxKind::*;
    match rule {
        Rule::WHITESPACE => Token(WHITESPACE),
        Rule::nl => Token(NEWLINE),
        Rule::COMMENT => Token(COMMENT),
        Rule::name | Rule::field_name | Rule::tuple_index | Rule::prompt_word | Rule::keyword_name | Rule::role => {
            Token(IDENT)
        }
        Rule::number => Token(NUMBER),
        Rule::wildcard => Node(WILDCARD_PAT),
        Rule::quote | Rule::triple_quote | Rule::raw_open | Rule::raw_triple_open => Token(QUOTE),
        Rule::regex_open | Rule::regex_triple_open => Token(QUOTE),
        Rule::plain_text | Rule::triple_text | Rule::raw_text | Rule::regex_text | Rule::raw_triple_text => Token(TEXT),
        Rule::infix_op | Rule::prefix_op | Rule::minus | Rule::assign_op | Rule::range_op => Token(OPERATOR),
        Rule::bad_op | Rule::bad_not | Rule::bad_optional => Token(OPERATOR),

        Rule::file | Rule::piece | Rule::snippet => Node(FILE),
        Rule::import => Node(IMPORT),
        Rule::module_path => Node(MODULE_PATH),
        Rule::import_names => Node(IMPORT_NAMES),
        Rule::import_name => Node(IMPORT_NAME),
        Rule::import_alias => Node(IMPORT_ALIAS),
        Rule::type_item => Node(TYPE_ITEM),
        Rule::struct_item => Node(STRUCT_ITEM),
        Rule::struct_body => Node(STRUCT_BODY),
        Rule::field => Node(FIELD),
        Rule::default => Node(DEFAULT),
        Rule::const_item => Node(CONST_ITEM),
        Rule::fn_item => Node(FN_ITEM),
        Rule::prompt_item => Node(PROMPT_ITEM),
        Rule::tool_item => Node(TOOL_ITEM),
        Rule::type_params => Node(TYPE_PARAMS),
        Rule::type_param => Node(TYPE_PARAM),
        Rule::params => Node(PARAMS),
        Rule::param => Node(PARAM),
        Rule::ret => Node(RET),
        Rule::model_item => Node(MODEL_ITEM),
        Rule::test_item => Node(TEST_ITEM),

        Rule::ty => Alternatives(UNION_TYPE),
        Rule::ty_single => Suffixed,
        Rule::ty_opt => Node(OPTIONAL_TYPE),
        Rule::fn_type => Node(FN_TYPE),
        Rule::tuple_type => Node(TUPLE_TYPE),
        Rule::named_type => Node(NAMED_TYPE),
        Rule::type_path => Node(TYPE_PATH),
        Rule::type_args => Node(TYPE_ARGS),
        Rule::grammar_type => Node(GRAMMAR_TYPE),
        Rule::literal_type => Node(LITERAL_TYPE),

        Rule::block | Rule::snippet_body => Node(BLOCK),
        Rule::let_stmt => Node(LET),
        Rule::for_stmt => Node(FOR),
        Rule::while_stmt => Node(WHILE),
        Rule::emit_stmt => Node(EMIT),
        Rule::assert_stmt => Node(ASSERT),
        Rule::splice_stmt => Node(SPLICE),
        Rule::expr_stmt | Rule::paren | Rule::list => Late,

        Rule::expr => Expr,
        Rule::postfix => Suffixed,
        Rule::call_args => Node(CALL),
        Rule::index => Node(INDEX),
        Rule::member => Node(MEMBER),
        Rule::args => Node(ARGS),
        Rule::arg => Node(ARG),
        Rule::name_expr => Node(NAME_EXPR),
        Rule::here_expr => Node(HERE),
        Rule::literal => Node(LITERAL),
        Rule::gen_expr => Node(GEN),
        Rule::select_expr => Node(SELECT),
        Rule::full => Node(FULL),
        Rule::calling => Node(CALLING),
        Rule::fork_expr => Node(FORK),
        Rule::fork_branches => Node(FORK_BRANCHES),
        Rule::branch => Node(BRANCH),
        Rule::from_expr => Node(FROM),
        Rule::if_expr => Node(IF),
        Rule::else_if => Node(ELSE_IF),
        Rule::else_part => Node(ELSE),
        Rule::match_expr => Node(MATCH),
        Rule::match_body => Node(MATCH_BODY),
        Rule::arm => Node(ARM),
        Rule::guard => Node(GUARD),
        Rule::try_expr => Node(TRY),
        Rule::return_expr => Node(RETURN),
        Rule::break_expr => Node(BREAK),
        Rule::continue_expr => Node(CONTINUE),
        Rule::closure => Node(CLOSURE),
        Rule::closure_params => Node(CLOSURE_PARAMS),
        Rule::closure_param => Node(CLOSURE_PARAM),
        Rule::comp_for => Node(COMP_FOR),
        Rule::comp_if => Node(COMP_IF),
        Rule::record => Node(RECORD),
        Rule::record_field => Node(RECORD_FIELD),
        Rule::map => Node(MAP),
        Rule::map_entry => Node(MAP_ENTRY),
        Rule::struct_lit => Node(STRUCT_LIT),
        Rule::role_expr => Node(ROLE),

        Rule::bind_name | Rule::name_pat => Node(NAME_PAT),
        Rule::bind_tuple | Rule::tuple_pat => Node(TUPLE_PAT),
        Rule::pattern => Alternatives(OR_PAT),
        Rule::range_pat => Node(RANGE_PAT),
        Rule::literal_pat => Node(LITERAL_PAT),
        Rule::struct_pat => Node(STRUCT_PAT),
        Rule::field_pat => Node(FIELD_PAT),

        Rule::plain_string | Rule::triple_string | Rule::raw_string | Rule::raw_triple => Node(STRING),
        Rule::regex_string | Rule::regex_triple => Node(STRING),
        Rule::hole | Rule::wide_hole => Node(HOLE),
        Rule::hole_bind => Node(HOLE_BIND),

        Rule::miss_expr | Rule::miss_block | Rule::bad_closure => Node(MISSING_EXPR),
        Rule::bad_semi
        | Rule::bad_tail
        | Rule::bad_stmt
        | Rule::bad_field
        | Rule::bad_args
        | Rule::bad_params
        | Rule::bad_types
        | Rule::bad_hole
        | Rule::bad_const
        | Rule::bad_role
        | Rule::bad_number
        | Rule::bad_elif
        | Rule::bad_struct
        | Rule::bad_name => Node(ERROR),
        Rule::stray | Rule::deep => Node(ERROR),
        rule if sgl_grammar::is_recovery(rule) => Node(MISSING),
        rule if sgl_grammar::is_keyword(rule) => Token(KEYWORD),
        // `bind`, `generic_name`, and the runs of junk inside an error node.
        _ => Inline,
    }
}

/// The token in which a byte stands. Children of a node are searched by halving: a file may have thousands of items.
pub fn token_of(tree: &SyntaxNode, byte: u32) -> Option<SyntaxToken> {
    let range = TextRange::at(byte.into(), 1.into());
    let mut at = tree.child_or_token_at_range(range)?;
    loop {
        at = match at {
            NodeOrToken::Token(token) => return Some(token),
            NodeOrToken::Node(node) => node.child_or_token_at_range(range)?,
        };
    }
}
