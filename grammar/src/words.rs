//! Rule -> what people call it.

use crate::Rule;

macro_rules! recovery {
    ($($rule:ident)*) => {
        /// Whether a pair of this rule says that something is wrong in the source.
        pub fn is_recovery(rule: Rule) -> bool {
            matches!(rule, $(Rule::$rule)|*)
        }

        /// The names of the recovery rules in the grammar, for tests that take them out.
        pub fn recovery_names() -> &'static [&'static str] {
            &[$(stringify!($rule)),*]
        }
    };
}

recovery! {
    miss_name miss_type miss_expr miss_block miss_params miss_args miss_path miss_string miss_eq
    miss_init miss_in miss_arrow miss_else miss_comma miss_colon miss_pattern
    miss_line miss_if unclosed deep bad_const bad_role bad_number bad_elif bad_name
    bad_op bad_not bad_optional bad_struct bad_closure
    bad_semi bad_tail bad_stmt bad_field bad_args bad_params bad_types bad_hole stray
}

/// Whether a pair of this rule is a word with a meaning of its own where it stands.
pub fn is_keyword(rule: Rule) -> bool {
    use Rule::*;
    matches!(
        rule,
        kw_import
            | kw_type
            | kw_struct
            | kw_const
            | kw_fn
            | kw_prompt
            | kw_let
            | kw_var
            | kw_if
            | kw_else
            | kw_match
            | kw_for
            | kw_in
            | kw_while
            | kw_break
            | kw_continue
            | kw_return
            | kw_try
            | kw_assert
            | kw_emit
            | kw_true
            | kw_false
            | kw_none
            | kw_here
            | kw_gen
            | kw_select
            | kw_fork
            | kw_from
            | kw_as
            | kw_mcp
            | kw_full
            | kw_call
            | kw_grammar
            | kw_tool
            | kw_model
            | kw_test
    )
}

/// What the rule is called in a sentence, with its article; `None` for rules that people never meet.
pub fn words(rule: Rule) -> Option<&'static str> {
    use Rule::*;
    Some(match rule {
        file => "a file",
        import => "an import",
        import_names => "a list of imported names",
        type_item => "a type",
        struct_item => "a struct",
        struct_body => "the fields of a struct",
        field => "a field",
        const_item => "a constant",
        fn_item => "a function",
        prompt_item => "a prompt",
        tool_item => "a tool",
        model_item => "a model",
        test_item => "a test",
        type_params => "type parameters",
        type_param => "a type parameter",
        params => "a list of parameters",
        param => "a parameter",
        ret => "a return type",
        ty | ty_single | named_type | fn_type | tuple_type => "a type",
        type_args => "type arguments",
        block => "a block",
        let_stmt => "a `let`",
        for_stmt | comp_for => "a `for`",
        while_stmt => "a `while`",
        emit_stmt => "an `emit`",
        assert_stmt => "an `assert`",
        splice_stmt => "a `...`",
        expr_stmt => "a statement",
        role_expr => "a role",
        expr | operand | postfix => "an expression",
        args | call_args => "arguments",
        index => "an index",
        gen_expr => "a `gen`",
        select_expr => "a `select`",
        fork_expr => "a `fork`",
        fork_branches => "the branches of a `fork`",
        from_expr => "a `from`",
        if_expr | else_if | comp_if | guard => "an `if`",
        else_part => "an `else`",
        match_expr => "a `match`",
        match_body => "the arms of a `match`",
        arm => "an arm of a `match`",
        try_expr => "a `try`",
        closure => "a closure",
        closure_params => "the parameters of a closure",
        paren => "parentheses",
        list => "a list",
        record => "a record",
        map => "a map",
        struct_lit => "a struct value",
        pattern | bind | bind_tuple | struct_pat | tuple_pat => "a pattern",
        plain_string | triple_string | raw_string | raw_triple => "a string",
        regex_string | regex_triple => "a regular expression",
        hole | wide_hole => "a hole",
        name | field_name => "a name",
        number => "a number",
        COMMENT => "a comment",
        _ => return None,
    })
}
