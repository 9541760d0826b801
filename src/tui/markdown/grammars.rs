//! What is a comment, a string and a keyword in the languages that models write most.

/// How to tell the words of a language apart.
#[derive(Debug)]
pub(super) struct Grammar {
    /// What a block of it is called, in lower case, with spaces between.
    pub(super) names: &'static str,
    /// With spaces between.
    pub(super) keywords: &'static str,
    /// True where keywords may be written in capitals too.
    pub(super) any_case: bool,
    /// What begins a comment up to the end of the line.
    pub(super) comments: &'static [&'static str],
    /// What begins and ends a comment over lines.
    pub(super) block_comments: &'static [(&'static str, &'static str)],
    /// What begins and ends a string; longer signs first.
    pub(super) strings: &'static [Quote],
}

/// What begins and ends a string.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quote {
    pub(super) sign: &'static str,
    /// It may go on behind the end of the line.
    pub(super) over_lines: bool,
    /// A backslash takes the meaning of the next sign away.
    pub(super) escapes: bool,
}

const fn quote(sign: &'static str, over_lines: bool, escapes: bool) -> Quote {
    Quote {
        sign,
        over_lines,
        escapes,
    }
}

const DOUBLE: Quote = quote("\"", false, true);
const SINGLE: Quote = quote("'", false, true);
const BOTH: &[Quote] = &[DOUBLE, SINGLE];
const SLASHES: &[(&str, &str)] = &[("/*", "*/")];

const C: Grammar = Grammar {
    names: "c h cpp c++ cc cxx hpp cuda cu",
    keywords: "alignas auto bool break case catch char class const constexpr continue default \
            delete do double else enum explicit extern false float for friend goto if \
            inline int long namespace new noexcept nullptr operator override private \
            protected public return short signed sizeof static struct switch template this \
            throw true try typedef typename union unsigned using virtual void volatile \
            while",
    any_case: false,
    comments: &["//"],
    block_comments: SLASHES,
    strings: BOTH,
};

/// One row a language, or a family of them that share their words.
pub(super) const GRAMMARS: &[Grammar] = &[
    Grammar {
        names: "rust rs",
        keywords: "as async await break const continue crate dyn else enum extern false fn for if \
            impl in let loop match mod move mut pub ref return self Self static struct \
            super trait true type unsafe use where while",
        // A single quote begins a lifetime as often as a character.
        strings: &[quote("\"", true, true)],
        ..C
    },
    Grammar {
        names: "python py python3 pycon",
        keywords: "and as assert async await break case class continue def del elif else except \
            False finally for from global if import in is lambda match None nonlocal not \
            or pass raise return self True try while with yield",
        any_case: false,
        comments: &["#"],
        block_comments: &[],
        strings: &[
            quote("\"\"\"", true, true),
            quote("'''", true, true),
            DOUBLE,
            SINGLE,
        ],
    },
    Grammar {
        names: "javascript js jsx typescript ts tsx mjs",
        keywords: "abstract any as async await boolean break case catch class const continue \
            default delete do else enum export extends false finally for from function if \
            implements import in instanceof interface let new null number of private \
            public readonly return static string super switch this throw true try type \
            typeof undefined var void while yield",
        strings: &[quote("`", true, true), DOUBLE, SINGLE],
        ..C
    },
    C,
    Grammar {
        names: "java kotlin kt scala csharp cs c# swift dart",
        keywords: "abstract async await base bool boolean break byte case catch char class const \
            continue data def default do double else enum extends extension false final \
            finally float for foreach fun func guard if implements import in init \
            instanceof int interface internal is let long namespace new nil null object \
            override package private protected protocol public readonly return self sealed \
            short static string String struct super switch this throw throws trait true \
            try using val var void when where while yield",
        strings: &[quote("\"\"\"", true, false), DOUBLE, SINGLE],
        ..C
    },
    Grammar {
        names: "go golang",
        keywords: "break case chan const continue default defer else error false for func go goto \
            if import int interface map nil package range return select string struct \
            switch true type var",
        strings: &[quote("`", true, false), DOUBLE, SINGLE],
        ..C
    },
    Grammar {
        names: "php",
        keywords: "abstract array as break case catch class const continue default do echo else \
            elseif extends false final finally fn for foreach function if implements \
            interface match namespace new null private protected public return static \
            switch this throw trait true try use while yield",
        comments: &["//", "#"],
        ..C
    },
    Grammar {
        names: "bash sh shell zsh console fish make makefile dockerfile",
        keywords: "case cd do done echo elif else esac exit export fi for function if in local \
            read return select set shift source sudo then trap unset until while FROM RUN \
            COPY CMD ENTRYPOINT ENV WORKDIR EXPOSE",
        any_case: false,
        comments: &["#"],
        block_comments: &[],
        strings: &[quote("\"", true, true), quote("'", true, false)],
    },
    Grammar {
        names: "ruby rb perl pl elixir ex julia jl r",
        keywords: "alias and begin break case class def defmodule do else elsif elseif end ensure \
            FALSE false fn for function if in library local module my next nil not NULL or \
            our puts raise redo repeat require rescue retry return self struct sub super \
            then TRUE true undef unless until use using when while yield",
        any_case: false,
        comments: &["#"],
        block_comments: &[],
        strings: BOTH,
    },
    Grammar {
        names: "json jsonc json5 jsonl yaml yml toml ini conf",
        keywords: "true false null yes no on off",
        any_case: false,
        comments: &["#", "//", ";"],
        block_comments: &[],
        strings: BOTH,
    },
    Grammar {
        names: "sql sqlite postgresql mysql",
        keywords: "add all alter and as asc avg begin between by case commit constraint count \
            create default delete desc distinct drop else end exists foreign from full \
            group having if in index inner insert int integer into is join key left like \
            limit max min not null offset on or order outer over primary references \
            returning right select set sum table text then union unique update values \
            varchar view when where with",
        any_case: true,
        comments: &["--"],
        block_comments: SLASHES,
        strings: &[quote("'", true, false), quote("\"", false, false)],
    },
    Grammar {
        names: "html xml svg vue xhtml",
        keywords: "",
        any_case: false,
        comments: &[],
        block_comments: &[("<!--", "-->")],
        strings: &[quote("\"", true, false)],
    },
    Grammar {
        names: "css scss less",
        keywords: "important media import keyframes font-face supports root",
        any_case: false,
        comments: &["//"],
        block_comments: SLASHES,
        strings: BOTH,
    },
    Grammar {
        names: "lua",
        keywords: "and break do else elseif end false for function goto if in local nil not or \
            repeat return then true until while",
        any_case: false,
        comments: &["--"],
        block_comments: &[("--[[", "]]")],
        strings: BOTH,
    },
    Grammar {
        names: "haskell hs ocaml ml elm fsharp",
        keywords: "and as begin case class data deriving do else end fun function if import in \
            infix instance let match module mutable newtype of open rec then type val \
            where with",
        any_case: false,
        comments: &["--", "//"],
        block_comments: &[("{-", "-}"), ("(*", "*)")],
        strings: &[DOUBLE],
    },
    Grammar {
        names: "latex tex matlab octave erlang",
        keywords: "begin break case continue else elseif end for function if otherwise return \
            switch while",
        any_case: false,
        comments: &["%"],
        block_comments: &[],
        strings: &[DOUBLE],
    },
];
