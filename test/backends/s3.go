package main

import (
	"fmt"
	"io"
	"net/http"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

const bucket = "archive"

// archive is an S3 server with the bucket that central Collectors write to.
type archive struct {
	objects gofakes3.Backend
}

func newArchive() (*archive, error) {
	a := &archive{objects: s3mem.New()}
	if err := a.objects.CreateBucket(bucket); err != nil {
		return nil, fmt.Errorf("create bucket %s: %w", bucket, err)
	}
	return a, nil
}

func (a *archive) handler() http.Handler { return gofakes3.New(a.objects).Server() }

func (a *archive) keys(prefix string) ([]string, error) {
	list, err := a.objects.ListBucket(bucket, &gofakes3.Prefix{HasPrefix: true, Prefix: prefix}, gofakes3.ListBucketPage{})
	if err != nil {
		return nil, fmt.Errorf("list bucket %s: %w", bucket, err)
	}
	keys := make([]string, 0, len(list.Contents))
	for _, c := range list.Contents {
		keys = append(keys, c.Key)
	}
	return keys, nil
}

// count counts the items in the archive by reading all objects.
func (a *archive) count(signal string) (tallies, error) {
	all := newTallies()
	keys, err := a.keys(signal + "/")
	if err != nil {
		return all, err
	}
	for _, key := range keys {
		data, err := a.read(key)
		if err != nil {
			return all, fmt.Errorf("read object %s: %w", key, err)
		}
		if err := all.addObject(signal, data); err != nil {
			return all, fmt.Errorf("decode object %s: %w", key, err)
		}
	}
	return all, nil
}

func (a *archive) read(key string) ([]byte, error) {
	object, err := a.objects.GetObject(bucket, key, nil)
	if err != nil {
		return nil, err
	}
	defer object.Contents.Close()
	unpacked, err := zstd.NewReader(object.Contents)
	if err != nil {
		return nil, err
	}
	defer unpacked.Close()
	return io.ReadAll(unpacked)
}

func (t tallies) addObject(signal string, data []byte) error {
	if signal == "logs" {
		ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(data)
		if err == nil {
			t.addLogs(ld)
		}
		return err
	}
	td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data)
	if err == nil {
		t.addTraces(td)
	}
	return err
}
