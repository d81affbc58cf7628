{{- define "holdfast.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* Of objects in the release's namespace. Short enough for the suffixes that are added to it. */}}
{{- define "holdfast.fullname" -}}
{{- $name := include "holdfast.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/*
What cluster-wide names end in, so that releases of any name in any namespaces never meet: the namespace, or nothing in the
namespace that goes with the name ("holdfast" in "holdfast-system"). No other name has a dot, so these differ from all others.
*/}}
{{- define "holdfast.clusterSuffix" -}}
{{- $own := printf "%s-system" (include "holdfast.fullname" .) }}
{{- if ne $own (default $own .Release.Namespace) }}.{{ .Release.Namespace }}{{ end }}
{{- end }}

{{/* Of both webhook configurations. */}}
{{- define "holdfast.configuration" -}}
{{ include "holdfast.fullname" . }}{{ include "holdfast.clusterSuffix" . }}
{{- end }}

{{- define "holdfast.tlsSecret" -}}
{{- default (printf "%s-tls" (include "holdfast.fullname" .)) .Values.certificates.secretName }}
{{- end }}

{{/* (dict "context" $ "component" "webhook") */}}
{{- define "holdfast.selectorLabels" -}}
app.kubernetes.io/name: {{ include "holdfast.name" .context | quote }}
app.kubernetes.io/instance: {{ .context.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "holdfast.podLabels" -}}
{{- include "holdfast.selectorLabels" . }}
app.kubernetes.io/part-of: holdfast
{{- with merge (dict) .of.podLabels .context.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Of everything else of a component; of the release without one. (dict "context" $ "component" "metrics" "more" (dict …)) */}}
{{- define "holdfast.labels" -}}
{{- if .component }}
{{- include "holdfast.selectorLabels" . }}
{{- else -}}
app.kubernetes.io/name: {{ include "holdfast.name" .context | quote }}
app.kubernetes.io/instance: {{ .context.Release.Name | quote }}
{{- end }}
app.kubernetes.io/version: {{ .context.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: holdfast
app.kubernetes.io/managed-by: {{ .context.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .context.Chart.Name .context.Chart.Version | replace "+" "_" }}
{{- with merge (dict) (default dict .more) .context.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* (dict "image" .Values.image "context" $) */}}
{{- define "holdfast.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ default .context.Chart.AppVersion .image.tag }}
{{- end }}
{{- end }}

{{- define "holdfast.podSecurityContext" -}}
runAsNonRoot: true
{{- if not .Values.openshift.enabled }}
runAsUser: 65532
runAsGroup: 65532
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "holdfast.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Of the containers that serve. (dict "context" $ "of" .Values.webhook) */}}
{{- define "holdfast.env" -}}
{{- $values := .context.Values -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: HOLDFAST_CERTS_MODE
  value: {{ $values.certificates.mode | quote }}
- name: HOLDFAST_CERTS_SECRET
  value: {{ include "holdfast.tlsSecret" .context | quote }}
{{- if not $values.webhook.url }}
- name: HOLDFAST_CERTS_SERVICE
  value: {{ include "holdfast.fullname" .context | quote }}
- name: HOLDFAST_CERTS_CLUSTER_DOMAIN
  value: {{ $values.certificates.clusterDomain | quote }}
{{- end }}
- name: HOLDFAST_CERTS_WEBHOOK_CONFIGURATIONS
  value: {{ include "holdfast.configuration" .context | quote }}
{{- if eq $values.certificates.mode "selfManaged" }}
- name: HOLDFAST_CERTS_LEAF_LIFETIME
  value: {{ $values.certificates.leafLifetime | quote }}
- name: HOLDFAST_CERTS_CA_LIFETIME
  value: {{ $values.certificates.caLifetime | quote }}
{{- end }}
- name: QUARKUS_LOG_LEVEL
  value: {{ $values.logLevel | quote }}
{{- with .of.javaOptions }}
- name: JAVA_TOOL_OPTIONS
  value: {{ . | quote }}
{{- end }}
{{- with .of.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* (dict "context" $ "component" "webhook" "of" .Values.webhook) */}}
{{- define "holdfast.topologySpread" -}}
{{- if .of.topologySpreadConstraints }}
{{- toYaml .of.topologySpreadConstraints }}
{{- else }}
{{- range $i, $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
{{- if $i }}{{ "\n" }}{{ end -}}
- maxSkew: 1
  topologyKey: {{ $key }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "holdfast.selectorLabels" $ | nindent 6 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}
{{- end }}

{{/* What every pod of ours says about where it may run. (dict "context" $ "of" .Values.webhook) */}}
{{- define "holdfast.placement" -}}
{{- $placement := dict }}
{{- with .context.Values.priorityClassName }}{{ $_ := set $placement "priorityClassName" . }}{{ end }}
{{- range $key := list "nodeSelector" "tolerations" "affinity" }}
{{- with get $.of $key }}{{ $_ := set $placement $key . }}{{ end }}
{{- end }}
{{- with $placement }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/* A Job's pod that runs one command. (dict "context" $ "component" "…" "account" "…" "args" (list …) "resources" … "of" …) */}}
{{- define "holdfast.jobPod" -}}
metadata:
  labels:
    # Not the name of the pods that serve: a Service finds them by it.
    app.kubernetes.io/name: {{ include "holdfast.name" .context }}-job
    app.kubernetes.io/instance: {{ .context.Release.Name | quote }}
    app.kubernetes.io/component: {{ .component }}
spec:
  restartPolicy: Never
  serviceAccountName: {{ .account | quote }}
  automountServiceAccountToken: true
  enableServiceLinks: false
  {{- with .context.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "holdfast.podSecurityContext" .context | nindent 4 }}
  {{- with include "holdfast.placement" . }}
  {{- . | nindent 2 }}
  {{- end }}
  # It ends by itself, and serves nobody.
  terminationGracePeriodSeconds: 0
  containers:
    - name: holdfast
      image: {{ include "holdfast.image" (dict "image" .context.Values.image "context" .context) | quote }}
      imagePullPolicy: {{ .context.Values.image.pullPolicy }}
      args: {{ toJson .args }}
      env:
        - name: POD_NAMESPACE
          valueFrom:
            fieldRef:
              fieldPath: metadata.namespace
      resources:
        {{- toYaml .resources | nindent 8 }}
      securityContext:
        {{- include "holdfast.securityContext" .context | nindent 8 }}
      volumeMounts:
        - name: tmp
          mountPath: /tmp
  volumes:
    - name: tmp
      emptyDir:
        sizeLimit: 64Mi
{{- end }}

{{/* Of a NetworkPolicy. In the node's network, webhooks have its address, and no selector finds them. */}}
{{- define "holdfast.egressToWebhooks" -}}
- ports:
    - port: {{ .Values.webhook.port }}
      protocol: TCP
  {{- if not .Values.webhook.hostNetwork }}
  to:
    - podSelector:
        matchLabels:
          {{- include "holdfast.selectorLabels" (dict "context" . "component" "webhook") | nindent 10 }}
  {{- end }}
{{- end }}

{{/* Namespaces that the API server never asks about. */}}
{{- define "holdfast.namespaceSelector" -}}
matchExpressions:
  - key: kubernetes.io/metadata.name
    operator: NotIn
    values: {{ concat (list "kube-system" "kube-public" "kube-node-lease" .Release.Namespace) .Values.excludeNamespaces | uniq | toJson }}
  {{- if include "holdfast.optIn" . }}
  # All policies are OptIn. "off" may be left out as well, but other spellings of the words may not.
  - key: holdfast.dev/mode
    operator: Exists
  {{- end }}
  {{- if .Values.openshift.enabled }}
  - key: openshift.io/run-level
    operator: NotIn
    values: ["0", "1"]
  {{- end }}
  {{- if .Values.aks.enabled }}
  - key: control-plane
    operator: DoesNotExist
  - key: kubernetes.azure.com/managedby
    operator: NotIn
    values: [aks]
  {{- end }}
  {{- with .Values.webhook.namespaceExpressions }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* "true" if every policy of the chart is OptIn. */}}
{{- define "holdfast.optIn" -}}
{{- $policies := .Values.policies }}
{{- if .Values.defaultPolicy.enabled }}
{{- $policies = append $policies (dict "spec" (dict "scope" .Values.scope)) }}
{{- end }}
{{- $all := gt (len $policies) 0 }}
{{- range $policies }}
{{- if ne (dig "spec" "scope" "Cluster" .) "OptIn" }}{{ $all = false }}{{ end }}
{{- end }}
{{- if $all }}true{{ end }}
{{- end }}

{{/* "true" if any policy of the chart ignores labels of pods: then "off" is no reason to pass Holdfast by. */}}
{{- define "holdfast.overridesDenied" -}}
{{- $denied := and .Values.defaultPolicy.enabled (eq .Values.overrides "Denied") }}
{{- range .Values.policies }}
{{- if eq (dig "spec" "overrides" "Allowed" .) "Denied" }}{{ $denied = true }}{{ end }}
{{- end }}
{{- if $denied }}true{{ end }}
{{- end }}

{{- define "holdfast.timeoutSeconds" -}}
{{- if .Values.webhook.timeoutSeconds }}{{ .Values.webhook.timeoutSeconds | int }}
{{- else if .Values.registryLookUp.enabled }}5
{{- else }}2
{{- end }}
{{- end }}

{{/* The host of webhook.url, an IPv6 address with its brackets. */}}
{{- define "holdfast.urlHost" -}}
{{- regexReplaceAll ":[0-9]*$" (trimPrefix "https://" .Values.webhook.url | splitList "/" | first) "" }}
{{- end }}

{{/* "true" if a host of a URL is an IP address. */}}
{{- define "holdfast.isAddress" -}}
{{- $byte := "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])" }}
{{- regexMatch (printf "^((%s\\.){3}%s|\\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\\])$" $byte $byte) . }}
{{- end }}

{{/* What the API server, or cert-manager, says of webhook.url when half of the release is installed. */}}
{{- define "holdfast.checkUrl" -}}
{{- $host := include "holdfast.urlHost" . }}
{{- if contains "@" $host }}
{{- fail "at '/webhook/url': user information is not permitted in it" }}
{{- end }}
{{- $name := and (regexMatch "^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$" $host) (not (regexMatch "^[0-9.]+$" $host)) }}
{{- if not (or $name (eq (include "holdfast.isAddress" $host) "true")) }}
{{- fail (printf "at '/webhook/url': its host must be a name or an IP address, it is %q" $host) }}
{{- end }}
{{- if not (has .Values.certificates.mode (list "provided" "certManager")) }}
{{- fail (printf "webhook.url needs certificates.mode provided or certManager: the certificate of mode %s is for the Service only" .Values.certificates.mode) }}
{{- end }}
{{- end }}

{{/* Of an entry of a webhook configuration. (dict "context" $ "path" "/mutate") */}}
{{- define "holdfast.clientConfig" -}}
{{- $values := .context.Values -}}
{{- if $values.webhook.url -}}
url: {{ printf "%s%s" (trimSuffix "/" $values.webhook.url) .path }}
{{- else -}}
service:
  name: {{ include "holdfast.fullname" .context | quote }}
  namespace: {{ .context.Release.Namespace | quote }}
  path: {{ .path }}
  port: 443
{{- end }}
{{- if and (eq $values.certificates.mode "provided") $values.certificates.provided.caBundle }}
caBundle: {{ $values.certificates.provided.caBundle | b64enc }}
{{- end }}
{{- end }}

{{/* Annotations and labels of both webhook configurations. */}}
{{- define "holdfast.configurationMetadata" -}}
name: {{ include "holdfast.configuration" . | quote }}
labels:
  {{- include "holdfast.labels" (dict "context" . "component" "webhook") | nindent 2 }}
  {{- if .Values.aks.enabled }}
  admissions.enforcer/disabled: "true"
  {{- end }}
{{- $annotations := deepCopy .Values.webhook.configurationAnnotations }}
{{- if .Values.aks.enabled }}
{{- $annotations = merge (dict "admissions.enforcer/disabled" "true") $annotations }}
{{- end }}
{{- if eq .Values.certificates.mode "certManager" }}
{{- $annotations = merge (dict "cert-manager.io/inject-ca-from" (printf "%s/%s" .Release.Namespace (include "holdfast.tlsSecret" .))) $annotations }}
{{- end }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
"true" if the cluster has another schema for HardeningPolicy than this chart. Helm installs what is in crds/, and never
looks at it again. Without a cluster to ask (`helm template`): nothing.
*/}}
{{- define "holdfast.crdDiffers" -}}
{{- $live := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" "hardeningpolicies.holdfast.dev" }}
{{- if $live }}
{{- $ours := .Files.Get "crds/hardeningpolicies.holdfast.dev.yaml" | fromYaml }}
{{- if ne (toJson $live.spec.versions) (toJson $ours.spec.versions) }}true{{ end }}
{{- end }}
{{- end }}

{{/* YAML takes a plain Off for false, the API server does not. */}}
{{- define "holdfast.policySpec" -}}
{{- $spec := deepCopy . }}
{{- if kindIs "bool" $spec.mode }}{{ $_ := set $spec "mode" "Off" }}{{ end }}
{{- range $rule := $spec.rules }}
{{- if kindIs "bool" $rule.mode }}{{ $_ := set $rule "mode" "Off" }}{{ end }}
{{- end }}
{{- toYaml $spec }}
{{- end }}

{{/*
What the API server compares in a HardeningPolicy and no schema of values can, with its defaults and in the loader's words: an
install would stop half-way. (dict "at" "/policies/0/spec" "spec" …)
*/}}
{{- define "holdfast.checkPolicy" -}}
{{- range $order := list
  (list "preStop/drain" "minimumSeconds" 5 "maximumSeconds" 25)
  (list "readinessProbe" "timeoutSeconds" 3 "periodSeconds" 5)
  (list "terminationGrace" "shutdownSeconds" 30 "maximumSeconds" 600) }}
{{- $settings := default dict $.spec.rules }}
{{- range $key := splitList "/" (index $order 0) }}{{ $settings = default dict (get $settings $key) }}{{ end }}
{{- $smaller := index $order 1 }}
{{- $least := default (index $order 2) (get $settings $smaller) | int }}
{{- $larger := index $order 3 }}
{{- $most := default (index $order 4) (get $settings $larger) | int }}
{{- if gt $least $most }}
{{- fail (printf "at '%s/rules/%s/%s': %s must not exceed %s: it is %d, the other is %d" $.at (index $order 0) $smaller $smaller $larger $least $most) }}
{{- end }}
{{- end }}
{{- range $selector := list "namespaceSelector" "podSelector" }}
{{- with get $.spec $selector }}
{{- include "holdfast.checkExpressions" (dict "at" (printf "%s/%s/matchExpressions" $.at $selector) "expressions" .matchExpressions) }}
{{- end }}
{{- end }}
{{- end }}

{{/* (dict "at" "/webhook/namespaceExpressions" "expressions" (list …)) */}}
{{- define "holdfast.checkExpressions" -}}
{{- range $i, $expression := .expressions }}
{{- $compares := has $expression.operator (list "In" "NotIn") }}
{{- if and $compares (not $expression.values) }}
{{- fail (printf "at '%s/%d': the operator %s needs values" $.at $i $expression.operator) }}
{{- end }}
{{- if and $expression.values (not $compares) }}
{{- fail (printf "at '%s/%d': the operator %s takes no values" $.at $i $expression.operator) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Labels that the chart sets itself would stand there twice, and selectors would find nothing. */}}
{{- define "holdfast.checkLabels" -}}
{{- range $at, $labels := dict
  "/commonLabels" .Values.commonLabels
  "/webhook/podLabels" .Values.webhook.podLabels
  "/controller/podLabels" .Values.controller.podLabels
  "/serviceMonitor/labels" .Values.serviceMonitor.labels
  "/prometheusRule/labels" .Values.prometheusRule.labels
  "/dashboard/labels" .Values.dashboard.labels }}
{{- range $key, $_ := $labels }}
{{- if or (has $key (list "helm.sh/chart" "admissions.enforcer/disabled")) (regexMatch "^app\\.kubernetes\\.io/(name|instance|component|version|part-of|managed-by)$" $key) }}
{{- fail (printf "at '%s': the label %s is set by the chart itself" $at $key) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* A lifetime in seconds; a year has 365 days. */}}
{{- define "holdfast.seconds" -}}
{{- $unit := substr (int (sub (len .) 1)) (len .) . }}
{{- mul (trimSuffix $unit . | int64) (get (dict "s" 1 "m" 60 "h" 3600 "d" 86400 "y" 31536000) $unit) }}
{{- end }}

{{/* The same as Go, and so cert-manager, writes it. */}}
{{- define "holdfast.duration" -}}
{{- $seconds := include "holdfast.seconds" . | int64 }}
{{- if mod $seconds 3600 }}{{ $seconds }}s{{ else }}{{ div $seconds 3600 }}h{{ end }}
{{- end }}

{{/* What no schema can say. */}}
{{- define "holdfast.check" -}}
{{- $fullname := include "holdfast.fullname" . }}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $fullname) }}
{{- fail (printf "a Service cannot have the name %q, which must start with a letter and hold only a-z, 0-9 and '-': set fullnameOverride, or take another name for the release" $fullname) }}
{{- end }}
{{- with .Values.certificates.certManager.issuerRef }}
{{- if and (or .kind .group) (not .name) }}
{{- fail "at '/certificates/certManager/issuerRef': name is missing; leave kind and group out as well for a CA of the chart's own" }}
{{- end }}
{{- end }}
{{- range $key := list "leafLifetime" "caLifetime" }}
{{- $life := get $.Values.certificates $key }}
{{- if gt (include "holdfast.seconds" $life | int64) (include "holdfast.seconds" "100y" | int64) }}
{{- fail (printf "at '/certificates/%s': %q is too long, expected at most 100y" $key $life) }}
{{- end }}
{{- if and (eq $.Values.certificates.mode "certManager") (lt (include "holdfast.seconds" $life | int64) 3600) }}
{{- fail (printf "at '/certificates/%s': cert-manager makes no certificate that lives for less than 1h: it is %s" $key $life) }}
{{- end }}
{{- end }}
{{- with .Values.certificates }}
{{- /* Else the CA that it came with, which is renewed after two thirds of its life, expires before the next one comes. */}}
{{- $twice := mul 2 (include "holdfast.seconds" .leafLifetime | int64) }}
{{- if and (eq .mode "certManager") (not .certManager.issuerRef.name) (ge $twice (include "holdfast.seconds" .caLifetime | int64)) }}
{{- fail (printf "at '/certificates/leafLifetime': %q is too long, expected less than half of caLifetime, which is %s" .leafLifetime .caLifetime) }}
{{- end }}
{{- end }}
{{- with .Values.certificates }}
{{- /* A renewal is due with a third of the life left, and seen up to a day later. */}}
{{- if and (eq .mode "generator") (eq .generator.schedule "17 3 * * *") (lt (include "holdfast.seconds" .leafLifetime | int64) 345600) }}
{{- fail (printf "at '/certificates/leafLifetime': %q is too short for a CronJob that runs once a day, expected at least 4d, or certificates.generator.schedule to run more often" .leafLifetime) }}
{{- end }}
{{- if and (eq .mode "selfManaged") (eq (int $.Values.controller.replicas) 0) }}
{{- fail "at '/controller/replicas': certificates.mode selfManaged needs the controller, which makes the certificate" }}
{{- end }}
{{- end }}
{{- include "holdfast.checkLabels" . }}
{{- if eq (int .Values.webhook.port) (int .Values.webhook.managementPort) }}
{{- fail (printf "webhook.port and webhook.managementPort are both %d: a process cannot listen on it twice" (int .Values.webhook.port)) }}
{{- end }}
{{- include "holdfast.checkPolicy" (dict "at" "" "spec" (dict "rules" .Values.rules)) }}
{{- range $i, $policy := .Values.policies }}
{{- include "holdfast.checkPolicy" (dict "at" (printf "/policies/%d/spec" $i) "spec" $policy.spec) }}
{{- end }}
{{- include "holdfast.checkExpressions" (dict "at" "/webhook/namespaceExpressions" "expressions" .Values.webhook.namespaceExpressions) }}
{{- if .Values.webhook.url }}
{{- include "holdfast.checkUrl" . }}
{{- end }}
{{- if and (eq .Values.certificates.mode "provided") (not .Values.certificates.secretName) }}
{{- fail "certificates.mode provided needs certificates.secretName: the Secret with your tls.crt and tls.key" }}
{{- end }}
{{- $names := list }}
{{- if .Values.defaultPolicy.enabled }}{{ $names = append $names "default" }}{{ end }}
{{- range .Values.policies }}
{{- if has .name $names }}
{{- fail (printf "policies: there are two of the name %s%s" .name (ternary "; set defaultPolicy.enabled to false to bring your own" "" (eq .name "default"))) }}
{{- end }}
{{- $names = append $names .name }}
{{- end }}
{{- end }}

{{/* What Jobs may reach: the API server and, before an old CA is let go, webhooks. */}}
{{- define "holdfast.jobNetwork" -}}
podSelector:
  matchLabels:
    app.kubernetes.io/name: {{ include "holdfast.name" . }}-job
    app.kubernetes.io/instance: {{ .Release.Name | quote }}
policyTypes: [Ingress, Egress]
ingress: []
egress:
  - ports:
      {{- range $port := ternary (list 53 5353) (list 53) $.Values.openshift.enabled }}
      - port: {{ $port }}
        protocol: UDP
      - port: {{ $port }}
        protocol: TCP
      {{- end }}
  - ports:
      {{- range .Values.networkPolicy.apiServerPorts }}
      - port: {{ . }}
        protocol: TCP
      {{- end }}
  {{- include "holdfast.egressToWebhooks" . | nindent 2 }}
{{- end }}
