// Say: prints a line of a bench.
export const say = (line: string): boolean => process.stdout.write(`${line}\n`);
