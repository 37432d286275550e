package await

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// OK returns nil if a URL answers 200, otherwise an error with the answer. Pass it to [Success].
func OK(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 4096))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s: %s", url, response.Status, strings.TrimSpace(string(text)))
	}
	return err
}
