export { alertHookDown, alertIncidents } from '../lib/resilience/alerts.ts'
