/** Tokens of the expressions and formats in queries, each with its position for errors. */
import { ConfigError } from '../util/errors.js';

export type TokenKind = 'name' | 'register' | 'number' | 'string' | 'operator' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** Of a string what is between the quotes, escapes resolved; of a register the name without `$`. */
  readonly text: string;
  /** Of its first character in the whole text, from 0 on. */
  readonly at: number;
  /** Behind its last character. */
  readonly end: number;
}

const OPERATORS = /<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>()[\],{}:]/y;
const NAME = /[A-Za-z_][\w.]*/y;
const REGISTER = /\$[A-Za-z]\w*/y;
const NUMBER = /(?:0[xX][0-9a-fA-F]+|0[bB][01]+|[0-9]+)(?![\w.])/y;
const CHARACTER = /'(?:[^'\\]|\\.)'/y;
const SPACE = /\s*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  0: '\0',
  a: '\x07',
  e: '\x1b',
  '\\': '\\',
  '"': '"',
  "'": "'",
};

/** Nobody types more, and what is compiled from it is not nested too deeply for the stack. */
const TOKENS_MAX = 1000;

/** An error of the user's at a position, from 0 on, of what was typed. */
export function errorAt(text: string, at: number, what: string): ConfigError {
  return new ConfigError(`at character ${at + 1} of '${text}': ${what}`);
}

/** Splits the part of `text` from `from` on. Throws `ConfigError` that names the position. */
export function tokenize(text: string, from = 0, to = text.length): Token[] {
  const tokens: Token[] = [];
  let at = from;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    return found !== undefined && at + found.length <= to ? found : undefined;
  };
  for (;;) {
    at += match(SPACE)?.length ?? 0;
    if (at >= to) return [...tokens, { kind: 'end', text: '', at: to, end: to }];
    if (tokens.length >= TOKENS_MAX) throw errorAt(text, at, 'too long');
    const token = readToken(text, at, to, match);
    tokens.push(token);
    at = token.end;
  }
}

function readToken(text: string, at: number, to: number, match: (pattern: RegExp) => string | undefined): Token {
  if (text[at] === '"') return readString(text, at, to);
  const character = match(CHARACTER);
  if (character !== undefined) {
    const code = unescaped(text, at + 1, character.slice(1, -1)).codePointAt(0) ?? 0;
    return { kind: 'number', text: String(code), at, end: at + character.length };
  }
  const register = match(REGISTER);
  if (register !== undefined) return { kind: 'register', text: register.slice(1), at, end: at + register.length };
  for (const [kind, pattern] of [
    ['name', NAME],
    ['number', NUMBER],
    ['operator', OPERATORS],
  ] as const) {
    const found = match(pattern);
    if (found !== undefined) return { kind, text: found, at, end: at + found.length };
  }
  if (/[0-9]/.test(text[at] as string)) throw errorAt(text, at, 'bad number');
  throw errorAt(text, at, `unexpected '${text[at]}'`);
}

function readString(text: string, at: number, to: number): Token {
  for (let end = at + 1; end < to; end++) {
    if (text[end] === '\\') end++;
    else if (text[end] === '"') return { kind: 'string', text: unescaped(text, at + 1, text.slice(at + 1, end)), at, end: end + 1 };
  }
  throw errorAt(text, at, 'string without an end');
}

/** Resolves the escapes of `part`, which begins at `at`. */
export function unescaped(text: string, at: number, part: string): string {
  return part.replaceAll(/\\([\s\S]?)/g, (_, code: string, offset: number) => {
    const meant = ESCAPES[code];
    if (meant === undefined) throw errorAt(text, at + offset, `unknown escape '\\${code}'`);
    return meant;
  });
}
