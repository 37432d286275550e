package bucket

import (
	"context"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// acceptEncoding is a header that proxies change. The AWS SDK signs it, and Google Cloud Storage then rejects
// the signature (https://github.com/aws/aws-sdk-go-v2/issues/1816).
const acceptEncoding = "Accept-Encoding"

type savedHeader struct{}

// leaveUnsigned removes the header before a request is signed and restores it afterwards.
func leaveUnsigned(stack *middleware.Stack) error {
	remove := middleware.FinalizeMiddlewareFunc("RemoveAcceptEncoding", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		if r, ok := in.Request.(*smithyhttp.Request); ok {
			ctx = context.WithValue(ctx, savedHeader{}, r.Header.Get(acceptEncoding))
			r.Header.Del(acceptEncoding)
		}
		return next.HandleFinalize(ctx, in)
	})
	restore := middleware.FinalizeMiddlewareFunc("RestoreAcceptEncoding", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		if r, ok := in.Request.(*smithyhttp.Request); ok {
			if value, _ := ctx.Value(savedHeader{}).(string); value != "" {
				r.Header.Set(acceptEncoding, value)
			}
		}
		return next.HandleFinalize(ctx, in)
	})
	const signing = "Signing" // the SDK's own step
	if err := stack.Finalize.Insert(remove, signing, middleware.Before); err != nil {
		return err
	}
	return stack.Finalize.Insert(restore, signing, middleware.After)
}
