package clouds

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
)

// logsPort is VictoriaLogs' port.
const logsPort = "9428"

// logStore describes how to run VictoriaLogs.
func (e *Estate) logStore(host string) program {
	return program{e.programs.logs, e.Stores.Logs + "/health", []string{
		"-httpListenAddr=" + host + ":" + logsPort, "-storageDataPath=" + e.path("victoria-logs"),
		"-memory.allowedBytes=128MB", "-loggerLevel=WARN",
	}}
}

// LogLine is a record in the log store: its text, and attributes of the record and its resource by name.
type LogLine map[string]string

// Text is the logged message.
func (l LogLine) Text() string { return l["_msg"] }

// FindLogs runs a LogsQL query in the log store.
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
			return nil, fmt.Errorf("parse VictoriaLogs' answer to %q: %w", query, err)
		}
		all = append(all, line)
	}
}
