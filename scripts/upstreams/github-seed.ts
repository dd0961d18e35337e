/** A repository of the seed, with what the emulator cannot hold. */
export interface SeedRepository {
  readonly owner: string;
  readonly name: string;
  readonly description: string;
  readonly language: string;
  readonly topics: readonly string[];
  /** Served by our front; the emulator knows no stars. */
  readonly stars: number;
  /** Served by our front; the emulator dates everything at its start. */
  readonly createdAt: string;
  readonly license?: License;
  /** Logins of those who fork it, so that `sort=forks` means something. */
  readonly forkedBy: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly issues: readonly SeedIssue[];
  readonly pulls: readonly SeedPull[];
}

/** An issue: numbered in order of the list, before the pull requests. */
export interface SeedIssue {
  readonly author: string;
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
  readonly comments: readonly (readonly [author: string, body: string])[];
  readonly isClosed?: boolean;
}

/** A pull request of one branch that changes one file. */
export interface SeedPull {
  readonly author: string;
  readonly title: string;
  readonly body: string;
  readonly branch: string;
  readonly file: readonly [path: string, content: string];
}

interface License {
  readonly key: string;
  readonly name: string;
  readonly spdx_id: string;
}

/** The person that `npm start` acts as: admin of the organization `hazel-works`. */
export const SEED_USER = "robin-hale";

export const SEED_USERS = [
  { login: SEED_USER, name: "Robin Hale", bio: "Small tools, long naps.", location: "Bristol" },
  { login: "mara-lind", name: "Mara Lind", bio: "Storage engines and tide tables.", location: "Gothenburg" },
  { login: "tomasz-krol", name: "Tomasz Król", bio: "Compilers, queries, bicycles.", location: "Kraków" },
  { login: "ana-ferreira", name: "Ana Ferreira", bio: "Edge runtimes.", location: "Porto" }
] as const;

export const SEED_ORGANIZATION = {
  login: "hazel-works",
  name: "Hazel Works",
  description: "Open source for the edge",
  members: [
    { login: SEED_USER, role: "admin" },
    { login: "ana-ferreira", role: "member" }
  ]
} as const;

/** The seeded token of a person, for local use only. */
export const tokenOf = (login: string): string => `local-token-of-${login}`;

const MIT: License = { key: "mit", name: "MIT License", spdx_id: "MIT" };
const APACHE: License = { key: "apache-2.0", name: "Apache License 2.0", spdx_id: "Apache-2.0" };
const BSD: License = { key: "bsd-3-clause", name: 'BSD 3-Clause "New" or "Revised" License', spdx_id: "BSD-3-Clause" };

/** Invented repositories in the shape of real ones. */
export const SEED_REPOSITORIES: readonly SeedRepository[] = [
  {
    owner: "hazel-works",
    name: "burrow",
    description: "A durable task queue for edge runtimes, with retries, schedules and exactly-once handlers",
    language: "TypeScript",
    topics: ["queue", "edge", "serverless", "durable-objects", "typescript"],
    stars: 12_438,
    createdAt: "2022-03-14T09:21:00Z",
    license: APACHE,
    forkedBy: ["mara-lind", "tomasz-krol", "ana-ferreira"],
    files: {
      "package.json": '{\n  "name": "@hazel-works/burrow",\n  "version": "3.2.1",\n  "type": "module",\n  "license": "Apache-2.0"\n}\n',
      "src/queue.ts":
        "/** Adds a task; a task with the same id is added once. */\nexport async function enqueue(store: Store, task: Task): Promise<void> {\n  await store.putIfAbsent(task.id, task);\n}\n"
    },
    issues: [
      {
        author: "mara-lind",
        title: "Retries ignore the backoff after a redeploy",
        body: "After a deploy the attempt counter starts at zero, so a failing task is retried at once.\n\nExpected: the counter survives, as the docs promise.",
        labels: ["bug", "priority: high"],
        comments: [
          ["ana-ferreira", "I can reproduce this on 3.2.1. The counter lives in memory only."],
          [SEED_USER, "Thanks, both. Let us store it next to the task."]
        ]
      },
      {
        author: "tomasz-krol",
        title: "Document how schedules treat daylight saving time",
        body: "Does `every day at 02:30` run twice, once or never on the day of the change?",
        labels: ["documentation", "good first issue"],
        comments: [[SEED_USER, "Once. It deserves a paragraph and a test."]]
      },
      {
        author: "ana-ferreira",
        title: "Drop support for the callback API",
        body: "Nobody has used it since 2.0.",
        labels: ["enhancement"],
        comments: [],
        isClosed: true
      }
    ],
    pulls: [
      {
        author: SEED_USER,
        title: "Keep the attempt counter with the task",
        body: "Fixes #1. The counter is written in the same transaction as the task.",
        branch: "keep-attempts",
        file: [
          "src/attempts.ts",
          "/** Reads how often a task has been tried. */\nexport const attemptsOf = (task: Task): number => task.attempts ?? 0;\n"
        ]
      }
    ]
  },
  {
    owner: "hazel-works",
    name: "mcp-notes",
    description: "An MCP server that keeps notes and finds them again",
    language: "TypeScript",
    topics: ["mcp", "model-context-protocol", "notes", "typescript"],
    stars: 1_932,
    createdAt: "2025-01-22T16:40:00Z",
    license: MIT,
    forkedBy: ["mara-lind"],
    files: { "src/index.ts": 'import { createServer } from "./server.ts";\n\nexport default createServer({ name: "notes" });\n' },
    issues: [
      {
        author: "ana-ferreira",
        title: "Search finds deleted notes",
        body: "A deleted note stays in the index until the next start.",
        labels: ["bug"],
        comments: [["tomasz-krol", "The index needs a tombstone."]]
      }
    ],
    pulls: []
  },
  {
    owner: "hazel-works",
    name: "nutshell",
    description: "A small, fast shell with structured pipelines",
    language: "Rust",
    topics: ["shell", "cli", "rust", "terminal"],
    stars: 8_721,
    createdAt: "2020-11-02T20:05:00Z",
    license: MIT,
    forkedBy: ["mara-lind", "tomasz-krol"],
    files: { "src/main.rs": "fn main() {\n    nutshell::repl::run(std::env::args().skip(1));\n}\n" },
    issues: [
      {
        author: "tomasz-krol",
        title: "Tab completion panics on paths with emoji",
        body: "```\nthread 'main' panicked at 'byte index 3 is not a char boundary'\n```",
        labels: ["bug", "good first issue"],
        comments: []
      }
    ],
    pulls: []
  },
  {
    owner: "mara-lind",
    name: "loam",
    description: "An embedded key-value store that survives power cuts",
    language: "Go",
    topics: ["database", "storage", "key-value", "go"],
    stars: 15_204,
    createdAt: "2018-06-19T07:12:00Z",
    license: APACHE,
    forkedBy: ["ana-ferreira", "tomasz-krol", SEED_USER],
    files: { "loam.go": "// Package loam stores keys and values in one file.\npackage loam\n" },
    issues: [
      {
        author: SEED_USER,
        title: "Compaction holds the write lock for seconds",
        body: "With 40 GB of data a compaction stops writers for 3 to 5 seconds.",
        labels: ["performance"],
        comments: [["mara-lind", "Known. Incremental compaction is on the way for 2.0."]]
      }
    ],
    pulls: []
  },
  {
    owner: "mara-lind",
    name: "tidewatch",
    description: "Tide and weather forecasts from open data",
    language: "Python",
    topics: ["weather", "forecast", "open-data", "python"],
    stars: 3_410,
    createdAt: "2021-08-30T11:55:00Z",
    license: BSD,
    forkedBy: [SEED_USER],
    files: { "tidewatch/__init__.py": '"""Tide and weather forecasts from open data."""\n\n__version__ = "1.8.0"\n' },
    issues: [
      {
        author: "ana-ferreira",
        title: "Support wind gusts in knots",
        body: "Sailors think in knots.",
        labels: ["enhancement"],
        comments: []
      }
    ],
    pulls: []
  },
  {
    owner: "tomasz-krol",
    name: "hedgerow",
    description: "Static analysis for Python services: finds blocking calls in async code",
    language: "Python",
    topics: ["static-analysis", "asyncio", "linter", "python"],
    stars: 642,
    createdAt: "2023-05-11T13:30:00Z",
    license: MIT,
    forkedBy: [],
    files: { "hedgerow/rules.py": 'BLOCKING = {"time.sleep", "requests.get", "open"}\n' },
    issues: [],
    pulls: []
  },
  {
    owner: "tomasz-krol",
    name: "sleepy-sql",
    description: "A query planner to read in one evening",
    language: "Java",
    topics: ["sql", "database", "query-planner", "education"],
    stars: 417,
    createdAt: "2019-12-27T18:00:00Z",
    license: APACHE,
    forkedBy: ["ana-ferreira"],
    files: { "src/main/java/Planner.java": "/** Turns a parsed query into steps. */\nfinal class Planner {}\n" },
    issues: [],
    pulls: []
  },
  {
    owner: SEED_USER,
    name: "dotfiles",
    description: "My shell, my editor, my rules",
    language: "Shell",
    topics: ["dotfiles"],
    stars: 12,
    createdAt: "2016-02-08T22:47:00Z",
    forkedBy: [],
    files: { "install.sh": '#!/bin/sh\nset -eu\nln -sf "$PWD/zshrc" "$HOME/.zshrc"\n' },
    issues: [],
    pulls: []
  }
];
