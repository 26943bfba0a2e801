// Node URLs: which URLs of the settings name one node, and how the nodes share requests.
import { type Finding, wrong } from '../core/doctor-finding.ts';

export type NodeUrls = {
  readonly url: string;
  readonly secondUrl: string | null;
  /** Further nodes for the pool. They are no witnesses. */
  readonly moreUrls?: readonly string[];
  /** The weights of the nodes, in the order first, second, further ones; none: see pool.ts. */
  readonly weights?: readonly number[];
  /** The calls a second that each node's plan allows, in the same order; none: see call-rate.ts. */
  readonly callsPerSecond?: readonly number[];
};

/**
 * Whether two URLs name one node. Everything is compared but the fragment, a default port and a
 * slash at the end.
 */
export function isSameNode(one: string, other: string): boolean {
  const plain = (text: string): string => {
    const url = URL.parse(text);
    if (url === null) return text;
    return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}${url.search}`;
  };
  return plain(one) === plain(other);
}

/** Whether two URLs name one host, as two keys of one provider do. */
export const isSameHost = (one: string, other: string): boolean =>
  URL.parse(one)?.host !== undefined && URL.parse(one)?.host === URL.parse(other)?.host;

/** The finding that both URLs of the settings name one node. */
export const SAME_NODE: Finding = wrong(
  'second rpc',
  'BAILIFF_SECOND_RPC_URL names the same node as BAILIFF_RPC_URL: it counts as none, because one node cannot confirm itself',
  'Set BAILIFF_SECOND_RPC_URL to another provider, or leave it out.',
);

/** The further URLs, without those that name a node for the second time. */
export function furtherUrls({ url, secondUrl, moreUrls = [] }: NodeUrls): string[] {
  const before = [url, ...(secondUrl === null ? [] : [secondUrl])];
  return moreUrls.filter(
    (each, index) =>
      ![...before, ...moreUrls.slice(0, index)].some((other) => isSameNode(each, other)),
  );
}

/**
 * A function that gives, by the URL of a node, its part of a list that holds one value for each URL
 * of the settings, or none at all; then the function gives undefined.
 */
export function byUrl<T>({ url, secondUrl, moreUrls = [] }: NodeUrls, values: readonly T[]) {
  const urls = [url, ...(secondUrl === null ? [] : [secondUrl]), ...moreUrls];
  return (asked: string): T | undefined => values[urls.indexOf(asked)];
}
