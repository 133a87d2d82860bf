/** Symbols that a test makes up. */
import type { GuestSymbol, LineAddress, Symbols, Variable } from '../../lib/symbols/symbols.js';

export interface FakeSymbolsOptions {
  readonly symbols?: readonly GuestSymbol[];
  readonly variables?: readonly Variable[];
  readonly lines?: readonly LineAddress[];
}

/** Files are found by their full path only. */
export function fakeSymbols({ symbols = [], variables = [], lines = [] }: FakeSymbolsOptions): Symbols {
  return {
    symbolAt: (address) => {
      const symbol = symbols.find((one) => address >= one.address && address < one.address + BigInt(one.sizeBytes));
      return symbol && { symbol, offset: address - symbol.address };
    },
    symbolsNamed: (name) => symbols.filter((symbol) => symbol.name === name),
    lineAt: (address) => lines.find((line) => line.address === address),
    addressesOf: (file, line) => lines.filter((one) => one.path === file && one.line === line),
    filesNamed: (file) => (lines.some(({ path }) => path === file) ? [file] : []),
    variable: (name) => variables.find((variable) => variable.name === name),
    nearestName: (name) => [...symbols, ...variables].find((one) => one.name.startsWith(name.slice(0, 3)))?.name,
    close: () => {},
  };
}
