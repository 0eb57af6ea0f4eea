//! Items: what stands at the top of a file.

use sgl_diag::Span;

use super::node::{choice, doc_line, nodes};
use super::{AstNode, Block, Expr, HasDocs, Name, NamedType, Node, Record, StringLit, Type};
use crate::kind::SyntaxKind;

nodes! {
    /// A whole file.
    File = FILE;
    /// `import std.reason.{a, b}`, `import "./util.sgl" as util`, `import mcp "command" as files`.
    Import = IMPORT;
    /// `a as b` in the braces of an import.
    ImportName = IMPORT_NAME;
    /// `type X = T`.
    TypeItem = TYPE_ITEM;
    /// `struct X { … }`.
    StructItem = STRUCT_ITEM;
    /// `name: T` of a struct.
    Field = FIELD;
    /// `const X: T = e`.
    ConstItem = CONST_ITEM;
    /// `T` in the `<…>` behind the name of a function.
    TypeParam = TYPE_PARAM;
    /// `name: T = default` of a function.
    Param = PARAM;
    /// `model fast = "smollm2:135m" { temperature: 0.2 }`.
    ModelItem = MODEL_ITEM;
    /// `test "name" { … }`.
    TestItem = TEST_ITEM;
}

choice! {
    /// What stands at the top of a file.
    enum Item {
        /// `import …`
        Import(Import),
        /// `type …`
        Type(TypeItem),
        /// `struct …`
        Struct(StructItem),
        /// `const …`
        Const(ConstItem),
        /// `fn …`, `prompt …`, `tool …`
        Function(Function),
        /// `model …`
        Model(ModelItem),
        /// `test …`
        Test(TestItem),
    }
}

impl HasDocs for TypeItem {}
impl HasDocs for StructItem {}
impl HasDocs for Field {}
impl HasDocs for ConstItem {}
impl HasDocs for Function {}
impl HasDocs for Param {}
impl HasDocs for ModelItem {}

impl File {
    pub(crate) fn of(root: Node) -> Self {
        File(root)
    }

    /// The items, in the order of the source.
    pub fn items(&self) -> impl Iterator<Item = Item> + use<> {
        self.0.children()
    }

    /// All types that are written by name, wherever in the file they stand.
    pub fn named_types(&self) -> impl Iterator<Item = NamedType> + use<> {
        let file = self.0.file();
        self.0.syntax().descendants().filter_map(move |raw| NamedType::cast(Node::new(raw, file)))
    }

    /// The statements after the items, of a snippet.
    pub fn body(&self) -> Option<Block> {
        self.0.child()
    }

    /// The text of the `//!` lines.
    pub fn docs(&self) -> Option<String> {
        let docs = self.0.tokens().filter(|token| token.kind() == SyntaxKind::FILE_DOC);
        let lines: Vec<String> = docs.map(|token| doc_line(token.text(), "//!")).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

/// Where an import comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ImportSource {
    /// `std.reason`: the parts of the path.
    Module(Vec<Name>),
    /// `"./util.sgl"`.
    File(StringLit),
    /// `mcp "command args"`.
    Mcp(StringLit),
}

impl Import {
    /// Where it comes from.
    pub fn source(&self) -> Option<ImportSource> {
        if let Some(path) = self.0.child_of(SyntaxKind::MODULE_PATH) {
            return Some(ImportSource::Module(path.names().collect()));
        }
        let string = self.0.child()?;
        let mcp = self.0.has(SyntaxKind::KEYWORD, "mcp");
        Some(if mcp { ImportSource::Mcp(string) } else { ImportSource::File(string) })
    }

    /// The names in `.{…}`; `None` where there are no braces.
    pub fn names(&self) -> Option<Vec<ImportName>> {
        Some(self.0.child_of(SyntaxKind::IMPORT_NAMES)?.children().collect())
    }

    /// The name after `as`.
    pub fn alias(&self) -> Option<Name> {
        self.0.child_of(SyntaxKind::IMPORT_ALIAS)?.name()
    }
}

impl ImportName {
    /// What it is called where it comes from.
    pub fn name(&self) -> Option<Name> {
        self.0.name()
    }

    /// What it is called here, where that differs.
    pub fn alias(&self) -> Option<Name> {
        self.0.child_of(SyntaxKind::IMPORT_ALIAS)?.name()
    }
}

impl TypeItem {
    /// The type parameters written behind the name, which no alias can have.
    pub fn type_params(&self) -> impl Iterator<Item = TypeParam> + use<> {
        self.0.child_of(SyntaxKind::TYPE_PARAMS).into_iter().flat_map(|params| params.children())
    }

    /// The name.
    pub fn name(&self) -> Option<Name> {
        self.0.name()
    }

    /// The type after `=`.
    pub fn ty(&self) -> Option<Type> {
        self.0.child()
    }
}

impl StructItem {
    /// The type parameters written behind the name, which no struct can have.
    pub fn type_params(&self) -> impl Iterator<Item = TypeParam> + use<> {
        self.0.child_of(SyntaxKind::TYPE_PARAMS).into_iter().flat_map(|params| params.children())
    }

    /// The name.
    pub fn name(&self) -> Option<Name> {
        self.0.name()
    }

    /// The fields, in order.
    pub fn fields(&self) -> impl Iterator<Item = Field> + use<> {
        self.0.child_of(SyntaxKind::STRUCT_BODY).into_iter().flat_map(|body| body.children())
    }
}

impl Field {
    /// The name.
    pub fn name(&self) -> Option<Name> {
        self.0.name()
    }

    /// The type.
    pub fn ty(&self) -> Option<Type> {
        self.0.child()
    }

    /// Whether a `?` stands behind the name (the tree has an error there): what is meant is an optional type.
    pub fn is_meant_optional(&self) -> bool {
        self.0.has(SyntaxKind::OPERATOR, "?")
    }

    /// The value after `=`.
    pub fn default(&self) -> Option<Expr> {
        self.0.child_of(SyntaxKind::DEFAULT)?.child()
    }
}

impl ConstItem {
    /// The name.
    pub fn name(&self) -> Option<Name> {
        self.0.name()
    }

    /// The type, where one is written.
    pub fn ty(&self) -> Option<Type> {
        self.0.child()
    }

    /// The value.
    pub fn value(&self) -> Option<Expr> {
        self.0.child()
    }
}

/// What a [`Function`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FunctionKind {
    /// `fn`: host code.
    Fn,
    /// `prompt`: code that writes a prompt.
    Prompt,
    /// `tool`: a function that the model may be offered.
    Tool,
}

/// `fn`, `prompt` or `tool`: a name, parameters, a return type, a body.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Function(Node);

impl AstNode for Function {
    fn fits(kind: SyntaxKind) -> bool {
        matches!(kind, SyntaxKind::FN_ITEM | SyntaxKind::PROMPT_ITEM | SyntaxKind::TOOL_ITEM)
    }
    fn cast(node: Node) -> Option<Self> {
        Self::fits(node.kind()).then_some(Function(node))
    }
    fn node(&self) -> &Node {
        &self.0
    }
}

impl Function {
    /// Which of the three it is.
    pub fn kind(&self) -> FunctionKind {
        match self.0.kind() {
            SyntaxKind::PROMPT_ITEM => FunctionKind::Prompt,
            SyntaxKind::TOOL_ITEM => FunctionKind::Tool,
            _ => FunctionKind::Fn,
        }
    }

    /// The name.
    pub fn name(&self) -> Option<Name> {
        self.0.name()
    }

    /// The type parameters, in order; none where the function is not generic.
    pub fn type_params(&self) -> impl Iterator<Item = TypeParam> + use<> {
        self.0.child_of(SyntaxKind::TYPE_PARAMS).into_iter().flat_map(|params| params.children())
    }

    /// The parameters, in order.
    pub fn params(&self) -> impl Iterator<Item = Param> + use<> {
        self.0.child_of(SyntaxKind::PARAMS).into_iter().flat_map(|params| params.children())
    }

    /// The type after `->`.
    pub fn ret(&self) -> Option<Type> {
        self.0.child_of(SyntaxKind::RET)?.child()
    }

    /// The body.
    pub fn body(&self) -> Option<Block> {
        self.0.child()
    }

    /// All of its bytes.
    pub fn span(&self) -> Span {
        self.0.span()
    }
}

impl TypeParam {
    /// The name.
    pub fn name(&self) -> Option<Name> {
        self.0.name()
    }
}

impl Param {
    /// The name.
    pub fn name(&self) -> Option<Name> {
        self.0.name().or_else(|| self.0.child_of(SyntaxKind::ERROR)?.name())
    }

    /// The type.
    pub fn ty(&self) -> Option<Type> {
        self.0.child()
    }

    /// Whether a `?` stands behind the name (the tree has an error there): what is meant is an optional type.
    pub fn is_meant_optional(&self) -> bool {
        self.0.has(SyntaxKind::OPERATOR, "?")
    }

    /// The value after `=`.
    pub fn default(&self) -> Option<Expr> {
        self.0.child_of(SyntaxKind::DEFAULT)?.child()
    }
}

impl ModelItem {
    /// The name that the program uses.
    pub fn name(&self) -> Option<Name> {
        self.0.name()
    }

    /// Which model it is: the expression after `=`.
    pub fn model(&self) -> Option<Expr> {
        self.0.slot(0)
    }

    /// The settings in braces.
    pub fn options(&self) -> Option<Record> {
        self.0.child()
    }
}

impl TestItem {
    /// The name.
    pub fn name(&self) -> Option<StringLit> {
        self.0.child()
    }

    /// The body.
    pub fn body(&self) -> Option<Block> {
        self.0.child()
    }
}
