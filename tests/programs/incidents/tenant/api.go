// Package tenant serves requests of many tenants.
package tenant

import (
	"errors"
	"sync"
	"time"
)

// Request is one tenant's.
type Request struct {
	Tenant string
	Path   string
}

// Response is the answer.
type Response struct {
	Status int
	Rows   int
}

// API answers requests.
type API struct {
	mu   sync.Mutex
	rows map[string]int
}

// NewAPI knows how many rows each tenant has.
func NewAPI(rows map[string]int) *API { return &API{rows: rows} }

// Handle answers one request.
func (a *API) Handle(req *Request) (*Response, error) {
	rows, err := a.scan(req.Tenant)
	if err != nil {
		return &Response{Status: 404}, err
	}
	return &Response{Status: 200, Rows: rows}, nil
}

// scan reads a tenant's rows: the index is missing, so that all of them are read.
func (a *API) scan(tenant string) (int, error) {
	a.mu.Lock()
	rows, known := a.rows[tenant]
	a.mu.Unlock()
	if !known {
		return 0, errors.New("tenant: no such tenant")
	}
	time.Sleep(time.Duration(rows) * time.Microsecond)
	return rows, nil
}
