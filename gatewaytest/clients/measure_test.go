package clients

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var (
	measure = flag.Bool("measure", false, "ask the clients, and write testdata/answers.json and docs/clients.md")
	asked   = flag.String("questions", "", "ask these questions alone, with commas between them")
)

var (
	answersFile = filepath.Join("testdata", "answers.json")
	pageFile    = filepath.Join("..", "..", "docs", "clients.md")
)

// answers are what clients answered, by "name version", then by question.
type answers map[string]map[string]string

func (c *client) key() string { return c.name + " " + c.version }

func readAnswers(t *testing.T) answers {
	t.Helper()
	b, err := os.ReadFile(answersFile)
	if err != nil {
		t.Fatal(err)
	}
	var all answers
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestMeasure asks every client every question, and writes the page.
func TestMeasure(t *testing.T) {
	if !*measure {
		t.Skip("measures only when asked to")
	}
	guilds := announce(t)
	all := readAnswers(t)
	var mu sync.Mutex
	t.Run("ask", func(t *testing.T) {
		for _, c := range wanted() {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.family.installed(t)
				for _, q := range questions() {
					if *asked != "" && !has(*asked, q.name) {
						continue
					}
					t.Run(q.name, func(t *testing.T) {
						t.Parallel()
						answer := q.answer(t, &c, guilds)
						mu.Lock()
						defer mu.Unlock()
						if all[c.key()] == nil {
							all[c.key()] = make(map[string]string)
						}
						all[c.key()][q.name] = answer
					})
				}
			})
		}
	})
	b, err := json.MarshalIndent(all, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	b = append(b, '\n')
	if err := os.WriteFile(answersFile, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(pageFile, page(all), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestPage fails if docs/clients.md is not what the answers make, or if a client of today has none.
func TestPage(t *testing.T) {
	all := readAnswers(t)
	for _, c := range clients {
		for _, q := range questions() {
			if all[c.key()][q.name] == "" {
				t.Errorf("%s has no answer to %q: run make clients-doc", c.key(), q.name)
			}
		}
	}
	got, err := os.ReadFile(pageFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, page(all)) {
		t.Errorf("%s is not what testdata/answers.json makes: run make clients-page", pageFile)
	}
}

// TestWritePage writes the page from the answers that there are.
func TestWritePage(t *testing.T) {
	if !*write {
		t.Skip("writes only when asked to")
	}
	if err := os.WriteFile(pageFile, page(readAnswers(t)), 0o644); err != nil {
		t.Fatal(err)
	}
}

var write = flag.Bool("write", false, "write docs/clients.md from testdata/answers.json")

const preface = `# What clients do differently

Discord's documentation leaves clients room, and some clients take more than that. This page says what each does,
measured: every client ran unmodified against [gatewaytest](testing.md), and the answers are read off the
server's report. ` + "`make clients-doc`" + ` measures anew and writes this page; ` + "`make clients`" + ` shows which client
lives through which scenario. The programs and their versions are in [gatewaytest/clients](../gatewaytest/clients).

A time is of one run on a busy machine; where a client waits for a random time, another run has another.
“Stops” means that neither a resume nor an identify came within 25 s.
`

// page makes docs/clients.md.
func page(all answers) []byte {
	var b bytes.Buffer
	b.WriteString(preface)
	b.WriteString("\n| client | version | language | compressions |\n|---|---|---|---|\n")
	for _, c := range clients {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", c.name, c.version, c.language, strings.Join(c.compressions, ", "))
	}
	closings := map[string]bool{}
	for _, q := range questions() {
		if strings.HasPrefix(q.name, "close ") {
			closings[q.name] = true
			continue
		}
		if len(closings) > 0 && q.name == "zombie" {
			writeCloses(&b, all)
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n\n| client | answer |\n|---|---|\n", title(q.name), title(q.means))
		for _, c := range clients {
			fmt.Fprintf(&b, "| %s | %s |\n", c.name, cellText(all[c.key()][q.name]))
		}
	}
	writeFaults(&b)
	b.WriteString("\nLines of a log that are let pass:\n\n| client | line | why |\n|---|---|---|\n")
	for _, c := range clients {
		if known, ok := knownLines[c.name]; ok {
			fmt.Fprintf(&b, "| %s %s | `%s` | %s |\n", c.name, c.version, known.begin, known.why)
		}
	}
	return b.Bytes()
}

// writeCloses writes the table of close codes.
func writeCloses(b *bytes.Buffer, all answers) {
	b.WriteString("\n## Close codes\n\nWhat it does after the gateway has closed with a code.\n\n| client |")
	var names []string
	for _, q := range questions() {
		if code, ok := strings.CutPrefix(q.name, "close "); ok {
			names = append(names, q.name)
			b.WriteString(" " + code + " |")
		}
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(names)) + "\n")
	for _, c := range clients {
		fmt.Fprintf(b, "| %s |", c.name)
		for _, name := range names {
			fmt.Fprintf(b, " %s |", cellText(all[c.key()][name]))
		}
		b.WriteString("\n")
	}
}

// writeFaults writes what make clients shows as the clients' own.
func writeFaults(b *bytes.Buffer) {
	b.WriteString("\n## Scenarios that a client does not live through\n\n| client | scenario | why |\n|---|---|---|\n")
	for _, c := range clients {
		for _, sc := range c.scenarios() {
			if why, ok := knownFaults[cell{c.name, sc.name}]; ok {
				fmt.Fprintf(b, "| %s %s | %s | %s |\n", c.name, c.version, sc.name, why)
			}
		}
	}
}

func title(s string) string {
	if s == "" || s[0] > 127 {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func cellText(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
