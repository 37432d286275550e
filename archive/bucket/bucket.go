package bucket

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/telepod/telepod/archive"
)

// Location identifies a bucket.
type Location struct {
	Name string
	// Region of the bucket; empty uses the region from the environment.
	Region string
	// Endpoint is the URL of another S3-compatible service; empty for AWS.
	Endpoint string
	// Patience is the time limit for one attempt to read an object; 0 means two minutes.
	Patience time.Duration
}

// Bucket is an [archive.Store].
type Bucket struct {
	name     string
	client   *s3.Client
	patience time.Duration
}

var _ archive.Store = (*Bucket)(nil)

// Open finds credentials and region as every AWS program does: environment, shared files, web identity (IRSA),
// container credentials (EKS Pod Identity), instance. It does not contact the bucket.
func Open(ctx context.Context, l Location) (*Bucket, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRetryer(func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = 6 })
	}))
	if err != nil {
		return nil, fmt.Errorf("open bucket %s: %w", l.Name, err)
	}
	if l.Region != "" {
		cfg.Region = l.Region
	}
	if cfg.Region == "" {
		if l.Endpoint == "" {
			return nil, fmt.Errorf("open bucket %s: its region is unknown: use --bucket-region or set AWS_REGION", l.Name)
		}
		cfg.Region = "us-east-1" // part of the signature; other services rarely check it
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.DisableLogOutputChecksumValidationSkipped = true // archived objects contain their own checksums
		if l.Endpoint != "" {
			o.BaseEndpoint = &l.Endpoint
			o.UsePathStyle = true
			o.APIOptions = append(o.APIOptions, leaveUnsigned)
		}
	})
	return &Bucket{name: l.Name, client: client, patience: cmp.Or(l.Patience, 2*time.Minute)}, nil
}

// Folders implements [archive.Store].
func (b *Bucket) Folders(ctx context.Context, prefix string) ([]string, error) {
	var folders []string
	slash := "/"
	for page, err := range b.pages(ctx, b.listing(prefix, &slash)) {
		if err != nil {
			return nil, err
		}
		for _, p := range page.CommonPrefixes {
			folders = append(folders, decoded(page, p.Prefix))
		}
	}
	return folders, nil
}

// List implements [archive.Store].
func (b *Bucket) List(ctx context.Context, prefix, after string) iter.Seq2[archive.Entry, error] {
	input := b.listing(prefix, nil)
	if after != "" {
		input.StartAfter = &after
	}
	return func(yield func(archive.Entry, error) bool) {
		for page, err := range b.pages(ctx, input) {
			if err != nil {
				yield(archive.Entry{}, err)
				return
			}
			for _, o := range page.Contents {
				entry := archive.Entry{Key: decoded(page, o.Key), Size: aws.ToInt64(o.Size)}
				if o.StorageClass != types.ObjectStorageClassStandard {
					entry.StorageClass = string(o.StorageClass)
				}
				if !yield(entry, nil) {
					return
				}
			}
		}
	}
}

// listing requests URL-encoded keys: a key may contain control characters, which XML does not allow.
func (b *Bucket) listing(prefix string, delimiter *string) *s3.ListObjectsV2Input {
	return &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix, Delimiter: delimiter, EncodingType: types.EncodingTypeUrl}
}

// decoded returns a key or prefix from a page. Servers that do not support the encoding leave EncodingType
// empty.
func decoded(page *s3.ListObjectsV2Output, text *string) string {
	if page.EncodingType == types.EncodingTypeUrl {
		if plain, err := url.QueryUnescape(aws.ToString(text)); err == nil {
			return plain
		}
	}
	return aws.ToString(text)
}

func (b *Bucket) pages(ctx context.Context, input *s3.ListObjectsV2Input) iter.Seq2[*s3.ListObjectsV2Output, error] {
	return func(yield func(*s3.ListObjectsV2Output, error) bool) {
		pages := s3.NewListObjectsV2Paginator(b.client, input)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(nil, fmt.Errorf("list bucket %s below %q: %w", b.name, aws.ToString(input.Prefix), advise(err)))
				return
			}
			if !yield(page, nil) {
				return
			}
		}
	}
}

// Read implements [archive.Store]. It retries after a broken connection.
func (b *Bucket) Read(ctx context.Context, key string) ([]byte, error) {
	var data []byte
	var err error
	for range 3 {
		if data, err = b.read(ctx, key); err == nil || ctx.Err() != nil || !errors.Is(err, errInterrupted) {
			break
		}
	}
	if err == nil {
		return data, nil
	}
	if _, is := errors.AsType[*archive.ObjectError](err); is {
		return nil, err
	}
	if reason := objectProblem(err); reason != nil {
		return nil, &archive.ObjectError{Key: key, Err: reason}
	}
	return nil, fmt.Errorf("read object %s of bucket %s: %w", archive.Printable(key), b.name, advise(err))
}

// errInterrupted reports a connection that ended or stalled in the middle of an object.
var errInterrupted = errors.New("the connection was interrupted")

func (b *Bucket) read(ctx context.Context, key string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, b.patience)
	defer cancel()
	object, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key})
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("%w: %w", errInterrupted, err)
	}
	if err != nil {
		return nil, err
	}
	defer object.Body.Close()
	data, err := io.ReadAll(io.LimitReader(object.Body, archive.MaxObject+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errInterrupted, err)
	case len(data) > archive.MaxObject:
		return nil, &archive.ObjectError{Key: key, Err: errors.New("it is larger than 64 MiB, although its listed size is smaller")}
	}
	return data, nil
}

// objectProblem returns the reason if an error concerns only this object, otherwise nil.
func objectProblem(err error) error {
	if _, is := errors.AsType[*types.NoSuchKey](err); is {
		return errors.New("it no longer exists: the bucket's lifecycle may have deleted it")
	}
	if state, is := errors.AsType[*types.InvalidObjectState](err); is {
		return fmt.Errorf("it is in the storage class %s: restore it first (aws s3api restore-object)", state.StorageClass)
	}
	return nil
}

// advise adds what to do about common mistakes.
func advise(err error) error {
	api, is := errors.AsType[smithy.APIError](err)
	if !is {
		return err
	}
	switch api.ErrorCode() {
	case "AccessDenied":
		return fmt.Errorf("%w: these credentials need s3:ListBucket on the bucket and s3:GetObject on its objects", err)
	case "NoSuchBucket":
		return fmt.Errorf("%w: is it in another account or behind another endpoint (--bucket-endpoint)?", err)
	case "PermanentRedirect", "AuthorizationHeaderMalformed":
		return fmt.Errorf("%w: is the bucket in another region (--bucket-region)?", err)
	}
	return err
}
