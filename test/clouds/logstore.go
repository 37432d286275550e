package clouds

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
)

// logsPort is that of VictoriaLogs.
const logsPort = "9428"

// logStore is VictoriaLogs as a program to run.
func (e *Estate) logStore(host string) program {
	return program{e.programs.logs, e.Stores.Logs + "/health", []string{
		"-httpListenAddr=" + host + ":" + logsPort, "-storageDataPath=" + e.path("victoria-logs"),
		"-memory.allowedBytes=128MB", "-loggerLevel=WARN",
	}}
}

// LogLine is a record in the store of logs: its text, and attributes of the record and its resource by name.
type LogLine map[string]string

// Text is what was logged.
func (l LogLine) Text() string { return l["_msg"] }

// FindLogs searches the store of logs with a query in LogsQL.
func (s *Stores) FindLogs(ctx context.Context, query string) ([]LogLine, error) {
	body, err := fetch(ctx, s.Logs+"/select/logsql/query?limit=1000&query="+url.QueryEscape(query))
	if err != nil {
		return nil, err
	}
	defer body.Close()
	var all []LogLine
	for lines := json.NewDecoder(body); ; {
		var line LogLine
		switch err := lines.Decode(&line); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("read what VictoriaLogs found for %q: %w", query, err)
		}
		all = append(all, line)
	}
}
