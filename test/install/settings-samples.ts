/** Hand-made settings files; every one must come back byte for byte. */
export const settingsSamples: Record<string, string | undefined> = {
  absent: undefined,
  'an empty object': '{}',
  'an empty object on two lines': '{\n}\n',
  'an empty file': '',
  'nothing but white space': ' \n\n',
  'empty hooks': '{\n  "hooks": {}\n}\n',
  'empty hooks and permissions, with spaces': '{\n  "hooks": { },\n  "permissions": {\n    "deny": [\n    ]\n  }\n}\n',
  tabs: '{\n\t"model": "opus",\n\t"hooks": {\n\t\t"Stop": []\n\t}\n}\n',
  'four spaces, no trailing newline': '{\n    "env": {\n        "A": "1"\n    }\n}',
  CRLF: '{\r\n  "model": "opus",\r\n  "permissions": {\r\n    "allow": ["Bash(ls)"]\r\n  }\r\n}\r\n',
  'byte order mark': '\uFEFF{\n  "model": "opus"\n}\n',
  'on one line': '{"model":"opus","permissions":{"deny":["Read(.env)"]}}',
  'on one line with spaces': '{ "model": "opus", "hooks": { "Stop": [] } }\n',
  comments: `{
  // which model
  "model": "opus", // the large one
  /* permissions */
  "permissions": {
    "deny": [
      "Read(.env)" // secrets
      // nothing else
    ] /* end */
  } // last
  // after last
}
`,
  'comments in empty containers': '{\n  "hooks": {\n    // none yet\n  },\n  "permissions": { /* none */ }\n}\n',
  'trailing commas': '{\n  "hooks": {\n    "Stop": [\n      { "hooks": [] },\n    ],\n  },\n}\n',
  'hooks of others on the same events': `{
  "hooks": {
    "PreToolUse": [
      {
        "matcher": "Bash",
        "hooks": [
          { "type": "command", "command": "./check.sh", "timeout": 5 }
        ]
      },
      { "matcher": "*", "hooks": [{ "type": "command", "command": "node \\"$CLAUDE_PROJECT_DIR\\"/.claude/hooks/mine.mjs" }] }
    ],
    "Stop": [{ "hooks": [{ "type": "command", "command": "say done" }] }]
  },
  "$schema": "https://json.schemastore.org/claude-code-settings.json"
}
`,
  'a deny rule of ours that was there': `{
  "permissions": {
    "deny": ["Edit(.claude/hooks/circuit-breaker-*)"],
    "allow": []
  }
}
`,
  'the last brace on the line of the last value': '{\n  "a": 1}',
  'letters of all sorts': '{\n  "größe": "\\u00fc 😀",\n  "env": {"Ä": "\\n"}\n}\n',
}
